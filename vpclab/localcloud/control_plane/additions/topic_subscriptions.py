"""Subscribe and what belongs to it: who owns a subscription, and who has to agree to it.

moto takes any endpoint and attribute, keeps a subscription that it then refuses an attribute of, calls everything
the topic owner's, confirms what nobody confirmed, and lets anybody take away anything. Sources: SNS API reference,
Subscribe, ConfirmSubscription, Unsubscribe, SetSubscriptionAttributes; SNS guide,
sns-send-message-to-sqs-cross-account. An endpoint of the caller's own account needs no confirmation; another
account's queue is sent a token first.
"""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sns.exceptions import SNSInvalidParameter, SNSNotFoundError
from moto.sns.models import sns_backends
from moto.sns.responses import SNSResponse

from vpclab.localcloud.control_plane.additions.topic_delivery import TopicDelivery
from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.authentication import CALLER_KEY, Caller
from vpclab.localcloud.control_plane.corrections import Corrections, Moto
from vpclab.localcloud.control_plane.event_sources.filter_pattern import check_pattern
from vpclab.localcloud.control_plane.event_sources.queue import Queue
from vpclab.localcloud.control_plane.event_sources.topic_message import confirmation

_ENDPOINTS = {
    "lambda": (re.compile(r"arn:aws:lambda:[a-z0-9-]+:(\d{12}):function:[\w-]+(?::[\w$-]+)?"), "Lambda"),
    "sqs": (re.compile(r"arn:aws:sqs:[a-z0-9-]+:(\d{12}):[\w-]+(?:\.fifo)?"), "SQS"),
}
_NOT_MODELLED = frozenset({"application", "email", "email-json", "firehose", "http", "https", "sms"})
_ATTRIBUTES = frozenset({"FilterPolicy", "FilterPolicyScope", "RawMessageDelivery"})
_ATTRIBUTES_NOT_MODELLED = frozenset({"DeliveryPolicy", "RedrivePolicy", "ReplayPolicy", "SubscriptionRoleArn"})
_INVALID = "Invalid parameter: "
_NO_SUBSCRIPTION = "Subscription does not exist"


class TopicSubscriptions:
    """Corrects moto. Subscriptions are kept with their topic, whoever owns them."""

    def __init__(self, delivery: TopicDelivery) -> None:
        self._delivery = delivery

    def correct(self, corrections: Corrections) -> None:
        """Answer the API."""
        for name, method in (
            ("subscribe", self._subscribe),
            ("confirm_subscription", self._confirm),
            ("unsubscribe", _unsubscribe),
            ("get_subscription_attributes", _get_attributes),
            ("set_subscription_attributes", _set_attributes),
            ("list_subscriptions", _list),
            ("list_subscriptions_by_topic", _list_by_topic),
        ):
            corrections.replace(SNSResponse, name, _answering(method))
        corrections.wrap(SNSResponse, "get_topic_attributes", _count)

    def _subscribe(self, response: Moto) -> Moto:
        given = {name: response._get_param(name) for name in ("TopicArn", "Protocol", "Endpoint")}  # noqa: SLF001
        attributes = dict(response._get_param("Attributes") or {})  # noqa: SLF001 - moto's way to a parameter
        protocol, endpoint, backend = given["Protocol"], given["Endpoint"] or "", response.backend
        caller = _caller(response)
        owner = _endpoint_owner(protocol, endpoint)
        topic = backend.get_topic(given["TopicArn"])
        _check_fifo(topic, endpoint)
        for name, value in attributes.items():
            _check_attribute(backend, protocol, name, value)
        subscription = _same(backend, topic.arn, protocol, endpoint)
        if subscription is None:
            if owner != caller.account and protocol == "lambda":
                raise _not_modelled(
                    "Subscribe of another account's function by anybody but that account",
                    "subscribe it from there",
                )
            subscription = backend.subscribe(topic.arn, endpoint, protocol)
            is_pending = owner != caller.account
            subscription.owner = caller.account
            subscription.attributes |= {
                "Owner": caller.account,
                "PendingConfirmation": is_pending,
                "ConfirmationWasAuthenticated": not is_pending,
                "SubscriptionPrincipal": caller.principal.role_arn or caller.principal.arn,
            }
            subscription.vpclab_token = uuid.uuid4().hex * 4
            for name, value in attributes.items():
                _set(backend, subscription, name, value)
        elif any(_text(subscription.attributes.get(name)) != value for name, value in attributes.items()):
            raise SNSInvalidParameter(
                f"{_INVALID}Attributes Reason: Subscription already exists with different attributes"
            )
        told = subscription.arn
        if subscription.attributes["PendingConfirmation"]:
            asked = confirmation(topic.arn, subscription.vpclab_token)
            self._delivery.send(topic.arn, protocol, endpoint, lambda: Queue(endpoint).send(asked))
            if not response._get_bool_param("ReturnSubscriptionArn", if_none=False):  # noqa: SLF001 - as above
                told = "pending confirmation"
        return ActionResult({"SubscriptionArn": told})

    @staticmethod
    def _confirm(response: Moto) -> Moto:
        topic_arn, token = response._get_param("TopicArn"), response._get_param("Token")  # noqa: SLF001 - as above
        backend = _backend_of(topic_arn)
        if backend is None or topic_arn not in backend.topics:
            raise SNSNotFoundError("Topic does not exist")
        for one in backend.subscriptions.values():
            if one.topic.arn == topic_arn and one.vpclab_token == token:
                one.attributes["PendingConfirmation"] = False
                return ActionResult({"SubscriptionArn": one.arn})
        raise SNSInvalidParameter(f"{_INVALID}Token")


def _unsubscribe(response: Moto) -> Moto:
    backend, subscription = _owned(response, "Unsubscribe", is_needed=False)
    if subscription is not None:
        del backend.subscriptions[subscription.arn]
        subscription.topic.subscriptions_deleted += 1
    return EmptyResult()


def _get_attributes(response: Moto) -> Moto:
    backend, subscription = _owned(response, "GetSubscriptionAttributes")
    return ActionResult({"Attributes": backend.get_subscription_attributes(subscription.arn)})


def _set_attributes(response: Moto) -> Moto:
    backend, subscription = _owned(response, "SetSubscriptionAttributes")
    name, value = (response._get_param(one) for one in ("AttributeName", "AttributeValue"))  # noqa: SLF001 - as above
    _check_attribute(backend, subscription.protocol, name, value or "")
    _set(backend, subscription, name, value or "")
    return EmptyResult()


def _list(response: Moto) -> Moto:
    """Return the caller's own subscriptions, to whosever topics."""
    account = _caller(response).account
    found = {
        one.arn: one
        for regions in list(sns_backends.values())
        if response.region in regions
        for one in regions[response.region].subscriptions.values()
        if one.owner == account
    }
    return _page(response, found)


def _list_by_topic(response: Moto) -> Moto:
    topic = response.backend.get_topic(response._get_param("TopicArn"))  # noqa: SLF001 - as above
    known = response.backend.subscriptions
    return _page(response, {arn: one for arn, one in known.items() if one.topic.arn == topic.arn})


def _page(response: Moto, found: Mapping[str, Moto]) -> Moto:
    backend, start = response.backend, response._get_param("NextToken")  # noqa: SLF001 - as above
    page, token = backend._get_values_nexttoken(found, start)  # noqa: SLF001 - the pages of every other list
    told = [
        {
            "SubscriptionArn": "PendingConfirmation" if one.attributes["PendingConfirmation"] else one.arn,
            "Owner": one.owner,
            "Protocol": one.protocol,
            "Endpoint": one.endpoint,
            "TopicArn": one.topic.arn,
        }
        for one in page
    ]
    return ActionResult({"Subscriptions": told, "NextToken": None if token is None else str(token)})


def _count(plain: Moto, response: Moto) -> Moto:
    """Count subscriptions, which moto does not."""
    topic = response.backend.get_topic(response._get_param("TopicArn"))  # noqa: SLF001 - as above
    known = [one for one in response.backend.subscriptions.values() if one.topic.arn == topic.arn]
    topic.subscriptions_pending = sum(one.attributes["PendingConfirmation"] for one in known)
    topic.subscriptions_confimed = len(known) - topic.subscriptions_pending
    return plain(response)


def _owned(response: Moto, action: str, *, is_needed: bool = True) -> tuple[Moto, Moto]:
    """Return the subscription that a request names and where it is, if its owner or its topic's asks."""
    arn = response._get_param("SubscriptionArn") or ""  # noqa: SLF001 - as above
    backend, caller = _backend_of(arn), _caller(response)
    found = None if backend is None else backend.subscriptions.get(arn)
    if found is None:
        if is_needed:
            raise SNSNotFoundError(_NO_SUBSCRIPTION)
        return backend, None
    if caller.account not in (found.owner, found.topic.account_id):
        raise ApiError(
            "AuthorizationError",
            f"User: {caller.principal.arn} is not authorized to perform: SNS:{action} on resource: {arn}",
            403,
        )
    return backend, found


def _backend_of(arn: str) -> Moto:
    """Where a topic is, and its subscriptions; None: nowhere."""
    parts = arn.split(":")
    if len(parts) < 6 or parts[2] != "sns" or not re.fullmatch(r"\d{12}", parts[4]):  # noqa: PLR2004 - an ARN
        return None
    regions = sns_backends[parts[4]]
    return regions[parts[3]] if parts[3] in regions.regions else None


def _endpoint_owner(protocol: str, endpoint: str) -> str:
    """Return the account of an endpoint. Raises the refusal of one that is none, or not modelled."""
    if protocol in _NOT_MODELLED:
        raise _not_modelled(
            f"Subscribe with the protocol {protocol}: delivery by {protocol}", "choose lambda or sqs"
        )
    if protocol not in _ENDPOINTS:
        raise SNSInvalidParameter(f"{_INVALID}Does not support this protocol string: {protocol}")
    pattern, name = _ENDPOINTS[protocol]
    found = pattern.fullmatch(endpoint)
    if found is None:
        raise SNSInvalidParameter(f"{_INVALID}{name} endpoint ARN")
    return found[1]


def _check_fifo(topic: Moto, endpoint: str) -> None:
    if topic.fifo_topic:
        raise _not_modelled("Subscribe to a FIFO topic", "choose a standard one")
    if endpoint.endswith(".fifo"):
        raise SNSInvalidParameter(
            f"{_INVALID}Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS "
            "topics"
        )


def _check_attribute(backend: Moto, protocol: str, name: str, value: str) -> None:
    if name in _ATTRIBUTES_NOT_MODELLED:
        raise _not_modelled(f"A subscription's {name}", "omit it")
    if name not in _ATTRIBUTES:
        raise SNSInvalidParameter(f"{_INVALID}AttributeName")
    if name == "FilterPolicyScope" and value != "MessageAttributes":
        if value != "MessageBody":
            raise SNSInvalidParameter(f"{_INVALID}FilterPolicyScope: Invalid value [{value}].")
        raise _not_modelled("FilterPolicyScope MessageBody", "filter on MessageAttributes")
    if name == "RawMessageDelivery":
        if value.lower() not in ("true", "false"):
            raise SNSInvalidParameter(
                f"{_INVALID}Attributes Reason: RawMessageDelivery: Invalid value [{value}]. Must be true or false."
            )
        if protocol == "lambda" and value.lower() == "true":
            raise SNSInvalidParameter(
                f"{_INVALID}Attributes Reason: RawMessageDelivery: Delivery protocol [lambda] does not support "
                "raw message delivery."
            )
    if name == "FilterPolicy" and value:
        _check_filter(backend, value)


def _check_filter(backend: Moto, text: str) -> None:
    try:
        policy = json.loads(text)
    except ValueError:
        policy = None
    if not isinstance(policy, dict):
        raise SNSInvalidParameter(f"{_INVALID}FilterPolicy: failed to parse JSON.")
    try:
        check_pattern(policy)
    except ApiError as refusal:
        if refusal.code == "UnsupportedOperation":
            raise
        raise SNSInvalidParameter(f"{_INVALID}FilterPolicy: Invalid filter policy.") from None
    backend._validate_filter_policy(policy, scope="MessageAttributes")  # noqa: SLF001 - SNS's own limits


def _set(backend: Moto, subscription: Moto, name: str, value: str) -> None:
    kept = value.lower() == "true" if name == "RawMessageDelivery" else value
    backend.set_subscription_attributes(subscription.arn, name, kept)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value or "")


def _same(backend: Moto, topic_arn: str, protocol: str, endpoint: str) -> Moto:
    known = (one for one in backend.subscriptions.values() if one.topic.arn == topic_arn)
    return next((one for one in known if (one.protocol, one.endpoint) == (protocol, endpoint)), None)


def _caller(response: Moto) -> Caller:
    found: Caller = response.normalized_request.environ[CALLER_KEY]
    return found


def _not_modelled(asked: str, instead: str) -> ApiError:
    return ApiError("UnsupportedOperation", f"{asked} is not modelled by the local cloud: {instead}.", 501)


def _answering(method: Callable[[Moto], Any]) -> Callable[[Moto], Any]:
    """A method of moto's response class that calls ours."""

    def answer(self: Moto) -> Any:  # noqa: ANN401 - moto's result
        return method(self)

    return answer
