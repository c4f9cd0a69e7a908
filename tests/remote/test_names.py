"""What is a URL, what of it nobody may see, and how names are joined to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leukofeat import as_sequence
from leukofeat.remote import is_remote, join, local_path, masked, split_url
from leukofeat.sequence import SizedPath, printable

URLS = [
    "s3://bucket/a.png",
    "gs://bucket",
    "memory://a/b.png",
    "zip://a.png::/home/set.zip",
    "zip://::set.zip",
    "simplecache::s3://bucket/a.png",
    "HTTPS://host/a.png",
    "abfs://container@account.dfs.core.windows.net/a.png",
]
PATHS = [
    "a.png",
    "C:\\a.png",
    "C:/a.png",
    "c://a.png",
    "a::b.png",
    "file:///a.png",
    "a/b://c.png",
    "",
    "://a",
    "s3:/bucket/a.png",
    Path("s3://bucket"),
    b"s3://bucket",
    7,
]


@pytest.mark.parametrize("url", URLS)
def test_urls(url):
    assert is_remote(url)
    assert is_remote(SizedPath(url, 0.1))
    assert "".join(split_url(url)) == url


@pytest.mark.parametrize("path", PATHS)
def test_paths_of_this_machine(path):
    assert not is_remote(path)


@given(st.text(max_size=40))
def test_no_text_breaks_them(text):
    assert is_remote(text) in (True, False)
    masked(text)
    local_path(text.replace("\0", ""))
    if is_remote(text):
        assert "".join(split_url(text)) == text


def test_a_file_url_may_be_quoted_or_not(tmp_path):
    plain, quoted = tmp_path / "a%20b.png", tmp_path / "a b.png"
    quoted.write_bytes(b"1")
    assert local_path(quoted.as_uri()) == str(quoted)
    plain.write_bytes(b"2")
    assert local_path(f"file://{plain}") == str(plain)


@pytest.mark.parametrize(
    ("url", "secrets", "shown"),
    [
        ("https://user:geheim@host/a.png", ["geheim", "user"], "https://***@host/a.png"),
        ("https://ghp_geheim@host/a.png", ["geheim"], "https://***@host/a.png"),
        ("https://user:ge/heim@host:80/a.png", ["heim"], "https://***@host:80/a.png"),
        ("ftp://user:geheim@host/a.png", ["geheim"], "ftp://***@host/a.png"),
        ("https://host/a.png?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=f00", ["AKIA", "f00"], "Credential=***"),
        ("https://x.blob.core.windows.net/c/a.png?sv=2020&sig=f00%3D", ["f00"], "sv=2020&sig=***"),
        ("https://host/a.png?id=7&access_token=f00", ["f00"], "id=7&access_token=***"),
        ("https://host/a.png?k=" + "f0" * 16, ["f0f0"], "k=***"),
        (
            "zip://a.png::https://u:geheim@host/b.zip?api_key=f00",
            ["geheim", "f00"],
            "zip://a.png::https://***@host/b.zip",
        ),
        ("cannot read 'https://host/a.png?token=f00' (https://u:geheim@host)", ["geheim", "f00"], "token=***'"),
    ],
)
def test_credentials_are_not_shown(url, secrets, shown):
    assert shown in masked(url)
    assert not [secret for secret in secrets if secret in masked(url)]
    assert masked(masked(url)) == masked(url) == printable(url)


@pytest.mark.parametrize(
    "name",
    [
        "s3://bucket/a@b.png",
        "s3://bucket/a:b@c.png",
        "https://host:8080/a@b.png",
        "https://host/a.png?file=Benign/a-long-name-of-a-file.png&id=12",
        "abfs://container@account/a.png",
        "C:\\token=1.png",
        "a?token=b.png",
    ],
)
def test_what_is_no_secret_is_shown(name):
    assert masked(name) == name


def test_names_of_images_hide_them():
    url = "https://user:geheim@host/a.png?sig=f00"
    images = as_sequence([url, SizedPath(url, 0.1)])
    assert images.name(0) == images.name(1) == "https://***@host/a.png?sig=***"
    assert images.source(0) == url  # it is read by it
    assert "geheim" not in repr(SizedPath(url, 0.1))
    with pytest.raises(TypeError, match=r"single path 'https://\*\*\*@host") as caught:
        as_sequence(url)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("root", "name", "url"),
    [
        ("s3://bucket", "a.png", "s3://bucket/a.png"),
        ("s3://bucket/", "a.png", "s3://bucket/a.png"),
        ("s3://bucket/set", "../b/a.png", "s3://bucket/b/a.png"),
        ("s3://bucket/set", "../../../a.png", "s3://bucket/a.png"),
        ("s3://bucket/set", "/a.png", "s3://bucket/a.png"),
        ("s3://bucket/set", "a//b.png", "s3://bucket/set/a//b.png"),
        ("s3://bucket/set", "gs://other/a.png", "gs://other/a.png"),
        ("https://host/set?sig=1", "a b#1.png", "https://host/set/a b%231.png?sig=1"),
        ("zip://set::s3://bucket/a.zip", "a.png", "zip://set/a.png::s3://bucket/a.zip"),
        ("simplecache::s3://bucket/set", "a.png", "simplecache::s3://bucket/set/a.png"),
    ],
)
def test_joined(root, name, url):
    assert join(root, name) == url
