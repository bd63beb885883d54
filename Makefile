# make quickstart   install into .venv, make a small dataset, train, evaluate, write the cards
# make test         install into .venv, lint, run every test
# make gallery      remake the pictures of the README
PYTHON ?= python3.11
BIN := .venv/bin
PAIN3D := OMP_NUM_THREADS=1 $(BIN)/pain3d

.PHONY: install quickstart test lint gallery clean
.DEFAULT_GOAL := test

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "make needs Python 3.11 as $(PYTHON) (Debian: apt-get install python3.11 python3.11-venv; or make PYTHON=...)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

FACES := generate pain3d --identities 24 --preset balanced --size 256

quickstart: install
	$(PAIN3D) $(FACES)
	$(PAIN3D) verify pain3d
	$(PAIN3D) gallery pain3d --out pain3d-gallery.png
	$(PAIN3D) train pain3d --config tiny --out vitpain-tiny
	$(PAIN3D) evaluate vitpain-tiny --data pain3d
	$(PAIN3D) card pain3d
	$(PAIN3D) card vitpain-tiny
	@cat docs/quickstart.txt

gallery: install
	$(PAIN3D) $(FACES)
	$(PAIN3D) gallery pain3d --out docs/gallery.jpg
	$(PAIN3D) gallery pain3d --chart --identity 5 --out docs/au_chart.jpg

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

clean:
	rm -rf pain3d vitpain-tiny pain3d-gallery.png
