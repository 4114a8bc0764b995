"""Caller of the gateway for all that a person may ask of it."""

from libs.api.audit import AuditApi
from libs.api.bulk import BulkApi
from libs.api.campaigns import CampaignsApi
from libs.api.clients import ClientsApi
from libs.api.diffs import DiffsApi
from libs.api.finding import FindingApi
from libs.api.lifecycle import LifecycleApi
from libs.api.material import MaterialApi
from libs.api.replays import ReplaysApi
from libs.api.saves import SavesApi
from libs.api.transfer import TransferApi


class PersonApi(
    AuditApi,
    BulkApi,
    CampaignsApi,
    ClientsApi,
    DiffsApi,
    FindingApi,
    LifecycleApi,
    MaterialApi,
    ReplaysApi,
    SavesApi,
    TransferApi,
):
    """Each of its parents has one method for each route of its topic."""
