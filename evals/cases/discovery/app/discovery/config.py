"""Process settings, read once from the environment when the application is created."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """Everything the process needs to know before it can talk to anything else."""

    database_url: str = "sqlite:///discovery.db"
    pool_size: int = 5
    pool_timeout: int = 30
    secret_key: str = "development-only"
    token_hours: int = 12
    log_level: str = "INFO"
    log_file: str = ""
    crm_url: str = "http://crm.nook.internal:8085"
    crm_timeout: float = 5.0

    @classmethod
    def from_environment(cls):
        """Read the settings; unset variables keep the defaults above."""
        env = os.environ
        return cls(
            database_url=env.get("DATABASE_URL") or cls.database_url,
            pool_size=int(env.get("DB_POOL_SIZE") or cls.pool_size),
            pool_timeout=int(env.get("DB_POOL_TIMEOUT") or cls.pool_timeout),
            secret_key=env.get("SECRET_KEY") or cls.secret_key,
            token_hours=int(env.get("TOKEN_HOURS") or cls.token_hours),
            log_level=env.get("LOG_LEVEL") or cls.log_level,
            log_file=env.get("LOG_FILE") or cls.log_file,
            crm_url=(env.get("CRM_URL") or cls.crm_url).rstrip("/"),
            crm_timeout=float(env.get("CRM_TIMEOUT") or cls.crm_timeout),
        )
