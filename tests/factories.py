"""Valid examples of what every service knows. A test names only what it is about."""

from libs.contracts.access import Action, Actor, Role


def admin() -> Actor:
    return Actor(subject="ada", kind="user", name="Ada", email="ada@agency.example", admin=True)


def user(subject: str = "uma", clients: dict[str, Role] | None = None) -> Actor:
    return Actor(
        subject=subject,
        kind="user",
        name=subject.title(),
        email=f"{subject}@agency.example",
        clients=clients or {},
    )


def service(*scopes: Action, subject: str = "robot") -> Actor:
    return Actor(subject=subject, kind="service", scopes=frozenset(scopes))
