"""The least of Mozilla's Marionette protocol that drives a Thunderbird: run JavaScript with chrome privileges, quit.

A message is `LENGTH:JSON` over TCP. Requests are `[0, id, name, parameters]`, answers `[1, id, error, result]`; the
server opens with an object that names its protocol (3).
"""

from __future__ import annotations

import json
import socket
from typing import Any

SECONDS = 60.0
QUIT_SECONDS = 10.0


class ScriptError(Exception):
    """The script raised, or Marionette refused the command."""


class Marionette:
    """One session in the chrome context. Scripts are bodies of async functions; `args` are in `arguments`."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self._buffer = b""
        self._number = 0
        greeting = self._receive()
        if greeting.get("marionetteProtocol") != 3:
            raise ScriptError(f"unknown greeting {greeting}")
        self._call("WebDriver:NewSession", {})
        self._call("Marionette:SetContext", {"value": "chrome"})
        self._call("WebDriver:SetTimeouts", {"script": int(SECONDS * 1000)})

    def run(self, body: str, *args: Any) -> Any:
        """Runs `body`, awaits its promises, and returns what it returns (as JSON can carry it)."""
        script = f"""
            const done = arguments[arguments.length - 1];
            const args = Array.from(arguments).slice(0, -1);
            (async function() {{ {body} }}).apply(globalThis, args).then(
                value => done({{ value: value === undefined ? null : value }}),
                error => done({{ error: `${{error}}\\n${{error && error.stack}}` }}));
        """
        found = self._call("WebDriver:ExecuteAsyncScript", {"script": script, "args": list(args)})["value"]
        if "error" in found:
            raise ScriptError(found["error"])
        return found["value"]

    def accept_dialog(self) -> str:
        """The text of the main window's dialog, whose default button is pressed; empty while there is none."""
        try:
            text = str(self._call("WebDriver:GetAlertText", {})["value"])
        except ScriptError as error:
            if "no such alert" in str(error):
                return ""
            raise
        self._call("WebDriver:AcceptAlert", {})
        return text

    def screenshot(self) -> str:
        """The main window as PNG in base64."""
        return str(self._call("WebDriver:TakeScreenshot", {"full": True})["value"])

    def quit(self) -> None:
        """Asks the program to end by itself, as from its menu."""
        self._socket.settimeout(QUIT_SECONDS)
        self._call("Marionette:Quit", {"flags": ["eForceQuit"]})
        self.close()

    def close(self) -> None:
        self._socket.close()

    def _call(self, name: str, parameters: dict[str, Any]) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, name, parameters]).encode()
        self._socket.sendall(b"%d:%b" % (len(message), message))
        _, number, error, result = self._receive()
        if number != self._number:
            raise ScriptError(f"answer {number} to request {self._number}")
        if error:
            raise ScriptError(f"{name}: {error.get('error')}: {error.get('message')}")
        return result

    def _receive(self) -> Any:
        while b":" not in self._buffer:
            self._more()
        length, _, self._buffer = self._buffer.partition(b":")
        while len(self._buffer) < int(length):
            self._more()
        message, self._buffer = self._buffer[: int(length)], self._buffer[int(length) :]
        return json.loads(message)

    def _more(self) -> None:
        octets = self._socket.recv(65536)
        if not octets:
            raise ScriptError("Thunderbird closed the connection")
        self._buffer += octets
