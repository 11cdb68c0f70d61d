"""Add-ons as members see them."""

from discovery.repositories import add_ons as add_ons_repo


def offered(session, space, day):
    """The add-ons of a space on a day: price in cents, number left (None: no limit)."""
    links = space.add_on_links
    if not links:
        return []
    add_on_ids = [link.add_on_id for link in links]
    items = add_ons_repo.active_by_id(session, add_on_ids)
    stock = add_ons_repo.stock_on(session, space.location_id, add_on_ids, day)
    result = []
    for link in links:
        item = items.get(link.add_on_id)
        if item is None:
            continue
        result.append(
            {
                "slug": item.slug,
                "name": item.name,
                "price_cents": 0 if link.included else item.price_cents,
                "included": link.included,
                "remaining": stock.get(item.id),
            }
        )
    return result


def in_stock(add_ons):
    """The slugs that can still be booked."""
    return {
        add_on["slug"]
        for add_on in add_ons
        if add_on["remaining"] is None or add_on["remaining"] > 0
    }
