"""Who brings letters of a deployed shop, who may send them, and that none of it is there without a sender."""

from synthesis import flat

SENDER = "shop@letters.example.com"
IDENTITY = "letters.example.com"


def sending(shape):
    return [
        (role, statement)
        for role, statement in shape.statements
        if any(action.startswith("ses:") for action in _listed(statement["Action"]))
    ]


def _listed(value):
    return value if isinstance(value, list) else [value]


def test_ses_knows_the_sender_s_domain_by_keys_in_its_zone(serverless):
    [identity] = serverless.properties("AWS::SES::EmailIdentity")
    [configuration] = serverless.properties("AWS::SES::ConfigurationSet")
    keys = [row for row in serverless.properties("AWS::Route53::RecordSet") if row["Type"] == "CNAME"]

    assert identity["EmailIdentity"] == IDENTITY
    assert "LettersSet" in flat(identity["ConfigurationSetAttributes"]["ConfigurationSetName"])
    assert configuration["Name"] == "bodega-small-letters"
    assert configuration["SuppressionOptions"]["SuppressedReasons"] == ["BOUNCE", "COMPLAINT"]
    assert [row["HostedZoneId"] for row in keys] == ["Z0123456789ABC"] * 3
    assert len({flat(row["Name"]) for row in keys}) == 3


def test_the_function_that_works_on_letters_sends_them_as_the_sender_and_nobody_else_does(serverless):
    [(role, statement)] = sending(serverless)

    assert role.startswith("queuerole")
    assert set(statement["Action"]) == {"ses:SendEmail", "ses:SendRawEmail"}
    identity, configuration = sorted(map(flat, statement["Resource"]), key=lambda arn: "identity" not in arn)
    assert ":identity/" in identity
    assert "LettersIdentity" in identity
    assert ":configuration-set/" in configuration
    assert "LettersSet" in configuration
    assert "*" not in identity + configuration
    assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": SENDER}}


def test_the_sender_reaches_the_functions(serverless):
    for function in serverless.properties("AWS::Lambda::Function"):
        variables = function["Environment"]["Variables"]
        if function["Handler"].startswith("bodega."):
            assert variables["BODEGA_MAIL_BY_SES"] == "true"
            assert variables["BODEGA_MAIL_FROM"] == f"Shop <{SENDER}>"


def test_letters_that_come_back_are_counted_shown_and_tell_somebody(serverless):
    [counts] = serverless.properties("AWS::SES::ConfigurationSetEventDestination")
    alarms = {row["AlarmName"]: row for row in serverless.properties("AWS::CloudWatch::Alarm")}
    [board] = serverless.properties("AWS::CloudWatch::Dashboard")

    assert counts["EventDestination"]["MatchingEventTypes"] == ["BOUNCE", "COMPLAINT", "REJECT"]
    assert counts["EventDestination"]["Enabled"] is True
    bounces, complaints = alarms["bodega-small-bounces"], alarms["bodega-small-complaints"]
    assert (bounces["MetricName"], bounces["Threshold"]) == ("Reputation.BounceRate", 0.05)
    assert (complaints["MetricName"], complaints["Threshold"]) == ("Reputation.ComplaintRate", 0.001)
    assert all(alarm["AlarmActions"] for alarm in (bounces, complaints))
    assert all(name in flat(board["DashboardBody"]) for name in ("Bounce", "Complaint", "Reject"))


def test_nothing_of_ses_is_there_without_a_sender(fleet):
    assert sending(fleet) == []
    assert [
        kind
        for template in fleet.templates.values()
        for resource in template["Resources"].values()
        if (kind := resource["Type"]).startswith("AWS::SES::")
    ] == []
    assert not any("BODEGA_MAIL_BY_SES" in flat(template) for template in fleet.templates.values())
    alarms = {row["AlarmName"] for row in fleet.properties("AWS::CloudWatch::Alarm")}
    assert not {"bodega-large-bounces", "bodega-large-complaints"} & alarms
