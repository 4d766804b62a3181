"""Starts MiniStack with what its check of policies lacks. Each function is one gap."""

import json
import sys

from ministack.core import iam_actions, iam_evaluator

pin_request_origin = iam_evaluator.pin_request_origin
extract_resource_arn = iam_actions.extract_resource_arn
enforce = iam_evaluator.enforce


def pin_as_if_by_tls(source_ip: str, secure_transport: bool) -> None:
    """The emulator has no TLS, and the policies of buckets and queues refuse what comes without."""
    pin_request_origin(source_ip, True)


def resource_of(service, method, path, headers, body, params, region, account):
    """It takes the cluster for the resource of every call of ECS. On AWS, that is the service or the task."""
    found = extract_resource_arn(service, method, path, headers, body, params, region, account)
    if service != "ecs" or ":cluster/" not in found:
        return found
    asked = json.loads(body or b"{}")
    cluster = found.split(":cluster/")[1]
    for kind, names in (("service", ("service", "services")), ("task", ("task", "tasks"))):
        for name in names:
            given = asked.get(name)
            one = given[0] if isinstance(given, list) and given else given
            if isinstance(one, str):
                return f"arn:aws:ecs:{region}:{account}:{kind}/{cluster}/{one.rsplit('/', 1)[-1]}"
    return found


def places_to_ask(action: str, resource: str, context: dict) -> list:
    """What a policy may name: the caller is allowed if one of these is."""
    if action == "ecs:ListTasks":
        # It does not know the condition key of the cluster.
        return [(resource, {**context, "ecs:cluster": resource})]
    if action.startswith("secretsmanager:") and ":secret:" in resource:
        # On AWS, a `Ref` to a secret is its ARN; here it is its name.
        return [(resource, context), (resource.split(":secret:")[1][:-7], context)]
    if action.startswith("logs:"):
        # On AWS, policies name the streams of a group.
        return [(f"{resource}:*", context)]
    return [(resource, context)]


def enforce_with_gaps(access_key, action, service, region, resource_arn="*", service_context=None):
    denied = None
    if action.startswith("sqs:") and action.endswith("Batch"):
        # On AWS, the permission for one message is that for ten.
        action = action.removesuffix("Batch")
    for resource, context in places_to_ask(action, resource_arn, service_context or {}):
        denied = enforce(access_key, action, service, region, resource_arn=resource, service_context=context)
        if denied is None:
            return None
    if denied is not None:
        print(f"Denied: {action} on {resource_arn} to {getattr(denied, 'principal_arn', access_key)}", flush=True)
    return denied


# Before the server imports them.
iam_evaluator.pin_request_origin = pin_as_if_by_tls
iam_evaluator.enforce = enforce_with_gaps
iam_actions.extract_resource_arn = resource_of

from ministack.app import main  # noqa: E402

sys.exit(main())
