#!/bin/bash
# What an instance does at its first start: fetch the shop, and let systemd keep it running.
# CloudFormation fills in names in braces; the shell's own variables have no braces.
set -euo pipefail
dnf install --assumeyes --quiet python${PYTHON}
install --directory /opt/bodega /etc/bodega
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
BODEGA_PROXIES=2
END
# As they are: nothing in a setting is the shell's.
cat >>/etc/bodega/environment <<'SETTINGS'
${SETTINGS}
SETTINGS
cat >/etc/systemd/system/bodega.service <<END
[Unit]
Description=Bodega, the shop
After=network-online.target
Wants=network-online.target

[Service]
EnvironmentFile=/etc/bodega/environment
ExecStart=/usr/bin/python${PYTHON} -m granian --interface asgi --factory --host 0.0.0.0 --port ${PORT} --workers $(nproc) --workers-kill-timeout 10 --respawn-failed-workers bodega.asgi:app_from_environment
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
