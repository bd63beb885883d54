# make quickstart   install into .venv, make a small dataset, score it with the model that comes along, fine-tune that,
#                   score a picture of a real person, write the cards
# make test         install into .venv, lint, run every test that is not slow
# make test-slow    install into .venv, run the slow ones
# make docs         install into .venv, build the documentation into site/
# make study        run the study of docs/study.md, days on one core, two thirds of them where the backbone learns;
#                   stopped, it goes on where it was; started twice, the two share the work
# make gallery      remake the pictures of the README
PYTHON ?= python3.11
BIN := .venv/bin
PAIN3D := $(BIN)/pain3d

.PHONY: install quickstart test test-slow lint docs gallery study clean
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

quickstart: install astronaut.png
	@echo "1/8  generate 24 people, 792 frames"
	@$(PAIN3D) $(FACES)
	@echo "2/8  verify every file, row and picture"
	@$(PAIN3D) verify pain3d
	@echo "3/8  gallery"
	@$(PAIN3D) gallery pain3d --out pain3d-gallery.png
	@echo "4/8  score people with vitpain-small, which has never seen them"
	@$(PAIN3D) evaluate vitpain-small --data pain3d --out pain3d-scores
	@echo "5/8  fine-tune it on 17 of the people"
	@$(PAIN3D) train pain3d --start vitpain-small --out vitpain-mine
	@echo "6/8  evaluate that on people whom neither has seen, beside vitpain-small"
	@$(PAIN3D) evaluate vitpain-mine --data pain3d --against vitpain-small
	@echo "7/8  a picture of a real person: scores, and an overlay of where the model looked"
	@$(PAIN3D) predict astronaut.png --find-faces --overlays pain3d-looks --out pain3d-astronaut.csv --overwrite
	@echo "8/8  dataset card and model card"
	@$(PAIN3D) card pain3d
	@$(PAIN3D) card vitpain-mine
	@cat docs/quickstart.txt

# Eileen Collins, by NASA, in the public domain: a file of scikit-image's wheel, of which nothing is installed
astronaut.png: | .venv/installed
	$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest .venv/wheels scikit-image==0.26.0
	$(BIN)/python -c "import pathlib, zipfile; wheel = next(pathlib.Path('.venv/wheels').glob('scikit_image-*.whl')); \
		pathlib.Path('$@').write_bytes(zipfile.ZipFile(wheel).read('skimage/data/astronaut.png'))"

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

PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

test: lint
	$(PYTEST) -m "not slow"

# seconds, after which no further slow test is begun: those that are left are skipped, and the last lines say so. A test
# that hangs fails after TEST_LIMIT
LIMIT ?= 36000
TEST_LIMIT ?= 1500

test-slow: install
	PAIN3D_TEST_SECONDS=$(LIMIT) $(PYTEST) -m slow --timeout $(TEST_LIMIT) -r s

docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "open site/index.html"

clean:
	rm -rf pain3d vitpain-mine pain3d-scores pain3d-looks pain3d-gallery.png pain3d-astronaut.csv* astronaut.png site
