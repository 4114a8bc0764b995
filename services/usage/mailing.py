"""`aiqc report --email`: the report as a mail, once for each address and day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from libs import mail
from libs.api.usage import UsageApi
from libs.problems import Invalid, Problem, UpstreamFailed
from libs.settings import BadSettings
from services.usage.commands import ReportOptions, filters_of, period_of
from services.usage.domain.period import Period
from services.usage.domain.report_files import FILE_TYPES, file_name
from services.usage.domain.report_text import spoken
from services.usage.domain.shown import plain
from services.usage.sent_mail import Claim, claim, key_of


@dataclass(frozen=True, slots=True)
class Postbox:
    """Who sends, through which server, and the folder that remembers what went out."""

    server: mail.Server
    sender: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Letter:
    """What every recipient gets."""

    subject: str
    text: str
    html: str
    attachment: bytes | None
    content_type: str
    file_name: str


def read_postbox(environ: Mapping[str, str], folder: Path) -> Postbox:
    """What the settings name, before anything else is done. Raises Invalid in words."""
    try:
        settings = mail.MailSettings.load(mail.PREFIX, environ)
        server = mail.read_server(settings)
    except BadSettings as error:
        raise Invalid("bad_settings", str(error)) from None
    if not settings.sender:
        raise Invalid("bad_settings", f"{mail.PREFIX}SENDER: name the address that mail is from.")
    return Postbox(server, mail.read_address(settings.sender), folder)


async def mail_report(
    api: UsageApi, options: ReportOptions, postbox: Postbox, now: datetime
) -> str:
    """Send the report to each address of `options.email`; return what to tell the person.

    Each address gets a mail of its own. One that got this report today already gets none,
    unless `again`. Raises Problem with a sentence when one did not get it.
    """
    recipients = [mail.read_address(address) for address in dict.fromkeys(options.email)]
    keys = {to: _key(options, to, now) for to in recipients}
    due = [to for to in recipients if options.again or not _was_sent(postbox, keys[to])]
    said = [f"Already sent to {to} today; --again sends it again." for to in recipients]
    said = [line for to, line in zip(recipients, said, strict=True) if to not in due]
    if due:
        letter = await _letter(api, options, now)
        said += await _send(postbox, letter, {to: keys[to] for to in due}, options.again, now)
    return "".join(f"{line}\n" for line in said)


def _key(options: ReportOptions, recipient: str, now: datetime) -> str:
    period = period_of(options, now.date())
    asked = {k: v for k, v in filters_of(options).items() if k not in ("last_days",)}
    days = {"first_on": period.first_on, "last_on": period.last_on, "sent_on": now.date()}
    return key_of({**asked, **days, "recipient": recipient.lower()})


def _was_sent(postbox: Postbox, key: str) -> bool:
    with claim(postbox.folder, key) as record:
        return record.sent_at is not None


async def _letter(api: UsageApi, options: ReportOptions, now: datetime) -> Letter:
    filters = filters_of(options)
    text = await api.report(**filters | {"format": "text"})
    html = await api.report(**filters | {"format": "html"})
    attached = None if options.format == "text" else await api.report(**filters)
    period = period_of(options, now.date())
    return Letter(
        subject=_subject(options, period),
        text=text.decode(),
        html=html.decode(),
        attachment=attached,
        content_type=FILE_TYPES[options.format][0],
        file_name=file_name(period, options.format),
    )


def _subject(options: ReportOptions, period: Period) -> str:
    clients = f" ({', '.join(plain(name) for name in options.client)})" if options.client else ""
    return f"AI QC usage report, {spoken(period)}{clients}"


async def _send(
    postbox: Postbox, letter: Letter, keys: dict[str, str], again: bool, now: datetime
) -> list[str]:
    said, failed = [], []
    async with mail.open_mail(postbox.server) as client:
        for recipient, key in keys.items():
            try:
                with claim(postbox.folder, key) as record:
                    if record.sent_at is None or again:
                        message = compose(letter, postbox.sender, recipient, record, now)
                        await mail.deliver(client, postbox.server, message, recipient)
                        record.note(now)
                said.append(f"Report sent to {recipient}.")
            except Problem as problem:
                failed.append(problem.detail)
    if failed:
        raise UpstreamFailed("mail_failed", " ".join([*said, *failed]))
    return said


def compose(
    letter: Letter, sender: str, recipient: str, record: Claim, now: datetime
) -> EmailMessage:
    """The mail: text that can be read anywhere, the same as a page, and the file."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = mail.header_text(letter.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{record.message_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    if letter.attachment is not None:
        main, _, sub = letter.content_type.partition("/")
        message.add_attachment(
            letter.attachment, maintype=main, subtype=sub, filename=letter.file_name
        )
    return message
