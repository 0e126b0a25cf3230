"""CloudFormation's intrinsic functions and conditions, resolved without CloudFormation. Pure.

Only those that the project's templates use, as SAM passes them to CloudFormation.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

NO_VALUE = object()
"""What `AWS::NoValue` resolves to: the property that holds it is left out."""

PSEUDO_PARAMETERS = {
    "AWS::AccountId": "123456789012",
    "AWS::NoValue": NO_VALUE,
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "local",
    "AWS::URLSuffix": "amazonaws.com",
}

_VARIABLE = re.compile(r"\$\{(!?)([^}]+)\}")


class Resolver:
    """Resolves values of one template for one set of parameters.

    A resource's physical id is its logical id, and `Fn::GetAtt` gives `LogicalId.Attribute`.
    """

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
        self._names: dict[str, Any] = {**PSEUDO_PARAMETERS, **parameters}
        self._resources: Mapping[str, Any] = template.get("Resources", {})
        self._conditions: Mapping[str, Any] = template.get("Conditions", {})
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": lambda name: self._names.get(name, name),
            "Condition": self.condition,
            "Fn::And": lambda values: all(self.resolve(each) for each in values),
            "Fn::Equals": lambda values: self.resolve(values[0]) == self.resolve(values[1]),
            "Fn::GetAtt": lambda path: path if isinstance(path, str) else ".".join(path),
            "Fn::If": lambda values: self.resolve(values[1 if self.condition(values[0]) else 2]),
            "Fn::Join": lambda values: values[0].join(map(str, self.resolve(values[1]))),
            "Fn::Not": lambda values: not self.resolve(values[0]),
            "Fn::Or": lambda values: any(self.resolve(each) for each in values),
            "Fn::Sub": self._substitute,
        }

    def resolve(self, value: Any) -> Any:
        """Return `value` with every intrinsic function in it replaced by its result."""
        if isinstance(value, list):
            return [each for each in map(self.resolve, value) if each is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(name, argument)] = value.items()
            if name in self._functions:
                return self._functions[name](argument)
        resolved = {key: self.resolve(each) for key, each in value.items()}
        return {key: each for key, each in resolved.items() if each is not NO_VALUE}

    def condition(self, name: str) -> bool:
        """Tell whether the template's condition `name` holds."""
        return bool(self.resolve(self._conditions[name]))

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return the resources whose conditions hold, with their properties resolved."""
        return {
            name: {**resource, "Properties": self.resolve(resource.get("Properties", {}))}
            for name, resource in self._resources.items()
            if "Condition" not in resource or self.condition(resource["Condition"])
        }

    def _substitute(self, argument: str | list[Any]) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else argument
        names = self._names | {name: self.resolve(value) for name, value in own.items()}

        def value_of(match: re.Match[str]) -> str:
            literal, name = match.groups()
            return f"${{{name}}}" if literal else str(names.get(name, name))

        return _VARIABLE.sub(value_of, text)


def names_in(value: Any, conditions: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parameters and resources that `value` depends on, through `conditions` too."""
    if isinstance(value, list):
        for each in value:
            yield from names_in(each, conditions)
    elif isinstance(value, dict):
        for function, argument in value.items():
            if function == "Ref":
                yield argument
            elif function == "Condition":
                yield from names_in(conditions[argument], conditions)
            elif function == "Fn::If":
                yield from names_in([conditions[argument[0]], *argument[1:]], conditions)
            elif function == "Fn::Sub":
                text, own = (argument, {}) if isinstance(argument, str) else argument
                names = (name for literal, name in _VARIABLE.findall(text) if not literal)
                yield from (name for name in names if name not in own)
                yield from names_in([*own.values()], conditions)
            else:
                yield from names_in(argument, conditions)
