"""Accounts: signing up, and the key that comes of it."""

import avala
from avala.errors import AuthenticationError, ValidationError
from avala.signup import signup
from support import fails


def check(_client):
    """A new account works at once, owns what it makes, and cannot be made twice."""
    account = {"email": "new@python.example", "password": "long enough"}
    response = signup(**account, first_name="New")
    client = avala.Client(api_key=response.api_key)
    # The SDK has no method for the user of a key.
    assert client._transport.request("GET", "/users/me/")["uid"] == response.user.uid
    dataset = client.datasets.create(name="Mine", slug="mine", data_type="image")
    assert dataset.owner_name == response.user.username
    fails(ValidationError, signup, **account)
    fails(AuthenticationError, avala.Client(api_key="unknown").tasks.list)
