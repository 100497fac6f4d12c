#!/bin/bash
# What an instance does at its first start: have its logs sent on, fetch the shop, and let systemd keep it running.
# CloudFormation fills in names in braces; the shell's own variables have no braces.
set -euo pipefail
# Amazon Linux keeps all of these in the bucket of its packages, which the network's gateway to S3 reaches.
dnf install --assumeyes --quiet python${PYTHON} amazon-cloudwatch-agent logrotate
install --directory /opt/bodega /etc/bodega
install --directory --mode=0750 --group=cwagent /var/log/bodega
install --mode=0640 --group=cwagent /dev/null /var/log/bodega/shop.log
install --mode=0640 --group=cwagent /dev/null /var/log/bodega/start.log
# A machine that never gets well is replaced before anybody can look at it: what happens from here on is sent on, too.
exec &> >(tee --append /var/log/bodega/start.log)
cat >/etc/bodega/logs.json <<END
{
  "agent": {"region": "${REGION}", "run_as_user": "cwagent"},
  "logs": {
    "logs_collected": {
      "files": {
        "collect_list": [
          {"file_path": "/var/log/bodega/shop.log", "log_group_name": "${LOGS}", "log_stream_name": "{instance_id}/shop", "multi_line_start_pattern": "^[^ ]"},
          {"file_path": "/var/log/bodega/start.log", "log_group_name": "${LOGS}", "log_stream_name": "{instance_id}/start"}
        ]
      }
    }
  }
}
END
cat >/etc/logrotate.d/bodega <<END
/var/log/bodega/*.log {
  daily
  maxsize 200M
  rotate 3
  copytruncate
  missingok
  notifempty
}
END
systemctl enable --now logrotate.timer
# A shop that keeps its logs to itself is better than none.
/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:/etc/bodega/logs.json ||
  echo "logs stay on this machine: the agent that sends them on did not start"
# The server's own lines, as the shop's.
cat >/opt/bodega/server-log.json <<END
{
  "formatters": {
    "generic": {"()": "bodega.adapters.system.log_lines.JsonLines"},
    "access": {"()": "bodega.adapters.system.log_lines.JsonLines"}
  }
}
END
aws s3 cp --only-show-errors "${PACKAGE}" /opt/bodega/app.zip --region "${REGION}"
python${PYTHON} -m zipfile --extract /opt/bodega/app.zip /opt/bodega/app
token=$(aws secretsmanager get-secret-value --secret-id "${CACHE_TOKEN}" --query SecretString --output text --region "${REGION}")
umask 077
cat >/etc/bodega/environment <<END
PYTHONPATH=/opt/bodega/app
BODEGA_CLOUD=aws
BODEGA_AWS_REGION=${REGION}
BODEGA_AWS_STAGE=${STAGE}
BODEGA_AWS_BUCKET=${BUCKET}
BODEGA_AWS_KMS_KEY=${KEY}
BODEGA_PUBLIC_URL=${PUBLIC_URL}
BODEGA_REDIS_URL=rediss://:$token@${CACHE}
BODEGA_DATA_DIR=/var/lib/bodega
BODEGA_LOG_FORMAT=json
BODEGA_PROXIES=2
END
# As they are: nothing in a setting is the shell's.
cat >>/etc/bodega/environment <<'SETTINGS'
${SETTINGS}
SETTINGS
cat >/etc/systemd/system/bodega.service <<END
[Unit]
Description=Bodega, the shop
# The agent too, so that it is stopped only after the shop has said its last.
After=network-online.target amazon-cloudwatch-agent.service
Wants=network-online.target

[Service]
EnvironmentFile=/etc/bodega/environment
ExecStart=/usr/bin/python${PYTHON} -m granian --interface asgi --factory --host 0.0.0.0 --port ${PORT} --workers $(nproc) --workers-kill-timeout 10 --respawn-failed-workers --log-config /opt/bodega/server-log.json bodega.asgi:app_from_environment
StandardOutput=append:/var/log/bodega/shop.log
DynamicUser=yes
StateDirectory=bodega
Restart=always
RestartSec=2
TimeoutStopSec=30
LimitNOFILE=65536
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
CapabilityBoundingSet=

[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable --now bodega
