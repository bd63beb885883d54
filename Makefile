# make quickstart   install into .venv, make a small dataset, train, evaluate, write the cards
# make test         install into .venv, lint, run every test
# make study        run the study of docs/study.md, days on one core; stopped, it goes on where it was
# make gallery      remake the pictures of the README
PYTHON ?= python3.11
BIN := .venv/bin
PAIN3D := OMP_NUM_THREADS=1 $(BIN)/pain3d

.PHONY: install quickstart test lint gallery study clean
.DEFAULT_GOAL := test

# Gradio and all that it needs but Pillow and what other extras bring
GRADIO := gradio gradio_client hf-gradio groovy safehttpx semantic-version tomlkit pydub python-multipart pytz brotli \
	orjson fastapi starlette uvicorn httpx httpcore opentelemetry-api

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "make needs Python 3.11 as $(PYTHON) (Debian: apt-get install python3.11 python3.11-venv; or make PYTHON=...)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@# no extra can bring pytorch3d: PyPI has none built for Linux, and its source needs this line (docs/pytorch3d.md)
	PYTORCH3D_NO_EXTENSION=1 $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--no-binary easypytorch3d easypytorch3d==0.7.9.post1
	@# the extra demo cannot be in dev: Gradio takes Pillow up to 12, and pictures are compared with those of 13
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --constraint constraints.txt $(GRADIO)
	@touch $@

FACES := generate pain3d --identities 24 --preset balanced --size 256

quickstart: install
	@echo "1/7  generate 24 people, 792 frames"
	@$(PAIN3D) $(FACES)
	@echo "2/7  verify every file, row and picture"
	@$(PAIN3D) verify pain3d
	@echo "3/7  gallery"
	@$(PAIN3D) gallery pain3d --out pain3d-gallery.png
	@echo "4/7  train a tiny ViTPain from random weights, 50 epochs"
	@$(PAIN3D) train pain3d --config tiny --out vitpain-tiny
	@echo "5/7  evaluate it on people it has never seen"
	@$(PAIN3D) evaluate vitpain-tiny --data pain3d
	@echo "6/7  dataset card"
	@$(PAIN3D) card pain3d
	@echo "7/7  model card"
	@$(PAIN3D) card vitpain-tiny
	@cat docs/quickstart.txt

gallery: install
	$(PAIN3D) $(FACES)
	$(PAIN3D) gallery pain3d --out docs/gallery.jpg
	$(PAIN3D) gallery pain3d --chart --identity 5 --out docs/au_chart.jpg

# options in STUDY: "--list" for the hours, "--only table2", "--backbone DIR" without a network
study: install
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.study $(STUDY)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

clean:
	rm -rf pain3d vitpain-tiny pain3d-gallery.png
