import os
import threading

from dataset_script.storage import is_stream, write_atomically


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    """Nor a device: `--out /dev/full` would otherwise make a file of it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_atomically(pipe, b"content")
    reader.join(10)
    assert read == [b"content"] and is_stream(pipe)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]
