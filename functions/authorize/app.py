"""Authorizer of $connect: admit clients that send one valid token, a signed JWT, as `?token=`."""

from signaling.authorizer.keys import KeysError
from signaling.authorizer.tokens import RefusedError, claims_of, grants_of, key_cache, rules
from signaling.event import Event, LambdaContext, RawEvent
from signaling.log import InvocationLog
from signaling.typed import Any

_MOST_SUBJECT_CHARACTERS = 128
"""Limit of the principal, which is printable ASCII in any case: only people read it."""


def lambda_handler(event: RawEvent, context: LambdaContext) -> dict[str, Any]:
    """Return the policy that API Gateway acts on: Allow with the grants, or Deny, a 403."""
    connect = Event(event)
    with InvocationLog(connect) as log:
        log.add(type="authorize")
        try:
            claims = claims_of(connect.query_values("token"), rules(), key_cache())
            grants = grants_of(claims)
        except RefusedError as refusal:
            log.add(level="WARNING", refused=str(refusal))
            return _policy("Deny", connect.method_arn)
        except KeysError as error:
            log.add(level="ERROR", refused="keys", error=str(error))
            return _policy("Deny", connect.method_arn)
        if trouble := key_cache().trouble():
            log.add(level="WARNING", old_keys=trouble)
        return {
            **_policy("Allow", connect.method_arn, claims.get("sub")),
            "context": grants.to_context(),
        }


def _policy(effect: str, method_arn: str, subject: str | None = None) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": method_arn}
    return {
        "principalId": ascii(subject or "anonymous")[1:-1][:_MOST_SUBJECT_CHARACTERS],
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
