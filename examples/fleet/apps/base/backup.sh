#!/bin/bash
set -euo pipefail
	if [ "$1" == "now" ]; then
		echo 'it is time'  # two spaces follow  
	fi
cat <<EOF
a: ${HOME}
EOF
