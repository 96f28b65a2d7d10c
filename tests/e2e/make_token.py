#!/usr/bin/env python3
"""Signs a JSON Web Token by openssl: make_token.py ALG KEYFILE CLAIMS"""
import base64
import hashlib
import hmac
import json
import subprocess
import sys


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def numbers(der):
    """The two numbers of an ECDSA signature, side by side."""
    at, out = 2, b""
    for _ in range(2):
        size = der[at + 1]
        out += der[at + 2:at + 2 + size].lstrip(b"\0").rjust(32, b"\0")
        at += 2 + size
    return out


alg, key_file, claims = sys.argv[1:]
text = part(json.dumps({"alg": alg}).encode()) + b"." + part(claims.encode())
if alg == "HS256":
    with open(key_file, "rb") as file:
        signature = hmac.new(file.read().rstrip(b"\n"), text, hashlib.sha256).digest()
else:
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key_file], input=text,
                               stdout=subprocess.PIPE, check=True).stdout
    if alg == "ES256":
        signature = numbers(signature)
print((text + b"." + part(signature)).decode())
