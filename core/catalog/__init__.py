"""The catalog: services, templates of what the agency can do and what it costs; internal, not a shop."""

from core.catalog.coupons import Offered, coupons, new_coupon, retire_coupon, services_of
from core.catalog.details import (
    Details,
    checklist_from,
    deliverables_from,
    phases_from,
    tags_from,
    written_checklist,
    written_deliverables,
    written_phases,
)
from core.catalog.examples import plant
from core.catalog.offering import chosen, details_of, edit, folders, new, retire, services
from core.catalog.prices import Special, prices_for, special, specials
from core.catalog.tables import Coupon, CouponService, Folder, Service, ServiceTag, SpecialPrice, Tag

__all__ = [
    "Coupon",
    "CouponService",
    "Details",
    "Folder",
    "Offered",
    "Service",
    "ServiceTag",
    "Special",
    "SpecialPrice",
    "Tag",
    "checklist_from",
    "chosen",
    "coupons",
    "deliverables_from",
    "details_of",
    "edit",
    "folders",
    "new",
    "new_coupon",
    "phases_from",
    "plant",
    "prices_for",
    "retire",
    "retire_coupon",
    "services",
    "services_of",
    "special",
    "specials",
    "tags_from",
    "written_checklist",
    "written_deliverables",
    "written_phases",
]
