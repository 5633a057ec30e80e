"""The real Thunderbird, without a display, driven through Marionette on what `zbnntp setup thunderbird` has made.

What a person does by mouse is done with the commands behind the buttons: select the newsgroup, select a message, New
Message, Reply to Newsgroup, Send. Written against Thunderbird 153.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.clients.marionette import Marionette, ScriptError
from tests.clients.somebody import ABOUT
from tests.node_process import wait_until
from zbnntp.newsreaders.kit import START

START_SECONDS = 90.0
STOP_SECONDS = 20.0

# Of a machine under test: Marionette at a free port.
TEST = {"marionette.port": 0}

# Every script starts with this.
PRELUDE = """
    const pane = document.getElementById("tabmail").currentAbout3Pane;
    const server = MailServices.accounts.accounts.map(a => a.incomingServer).find(s => s.type == "nntp");
    const find = name => server.rootFolder.subFolders.find(f => f.name == name);
    const until = async (look, what) => {
        for (let tries = 0; tries < 300; tries++) {
            const found = await look();
            if (found) return found;
            await new Promise(resolve => window.setTimeout(resolve, 50));
        }
        const open = [...Services.wm.getEnumerator(null)].map(w => w.location.href + " " + w.document.title);
        throw new Error("never: " + what + "; windows: " + open.join(", "));
    };
    const updated = async (folder, start) => {
        let listener;
        const done = new Promise(resolve => {
            listener = { onFolderEvent(changed, event) {
                if (changed == folder && event == "FolderLoaded") resolve();
            } };
            MailServices.mailSession.AddFolderListener(listener, Ci.nsIFolderListener.event);
        });
        start();
        await Promise.race([done, new Promise(resolve => window.setTimeout(resolve, 5000))]);
        MailServices.mailSession.RemoveFolderListener(listener);
    };
"""

LIST_GROUPS = """
    const found = [];
    const listener = { QueryInterface: ChromeUtils.generateQI(["nsISubscribeListener"]),
        OnDonePopulating() { listener.done = true; } };
    const subscribable = server.QueryInterface(Ci.nsISubscribableServer);
    subscribable.subscribeListener = listener;
    subscribable.startPopulating(null, true, false);
    await until(() => listener.done, "group list");
    const walk = path => {
        for (const child of subscribable.getChildURIs(path)) {
            if (subscribable.isSubscribable(child)) found.push(child);
            if (subscribable.hasChildren(child)) walk(child);
        }
    };
    walk("");
    return found;
"""

SUBSCRIBE = """
    server.QueryInterface(Ci.nsINntpIncomingServer).subscribeToNewsgroup(arguments[0]);
    await until(() => find(arguments[0]), "subscribed");
"""

OPEN_GROUP = """
    const folder = find(arguments[0]);
    if (pane.gFolder != folder) await updated(folder, () => pane.displayFolder(folder.URI));
    else await updated(folder, () => pane.goDoCommand("cmd_getNewMessages"));
    await until(() => pane.gDBView && pane.gDBView.viewFolder == folder, "displayed");
    pane.goDoCommand("cmd_expandAllThreads");
"""

MESSAGES = """
    const view = pane.gDBView, found = [];
    for (let row = 0; row < view.rowCount; row++) {
        const header = view.getMsgHdrAt(row);
        found.push([header.mime2DecodedAuthor, view.cellTextForColumn(row, "subjectCol"), view.getLevel(row),
            "<" + header.messageId + ">", header.messageKey]);
    }
    return found;
"""

READ = """
    const row = arguments[0], view = pane.gDBView;
    pane.threadTree.selectedIndex = row;
    const id = view.getMsgHdrAt(row).messageId;
    const reader = await until(() => pane.messageBrowser.contentWindow, "message pane");
    await until(() => reader.gMessage && reader.gMessage.messageId == id && reader.msgLoaded, "message loaded");
    // while it is not drawn, innerText is textContent, with the headers for printing in it
    const body = () => reader.getMessagePaneBrowser().contentDocument.body;
    await until(() => body().innerText != body().textContent, "message drawn");
    return body().innerText;
"""

COMPOSE = """
    const [command, subject, body] = arguments;
    const opened = new Promise(resolve => {
        const observer = (win, topic) => {
            if (topic != "domwindowopened") return;
            Services.ww.unregisterNotification(observer);
            win.addEventListener("compose-editor-ready", () => resolve(win), { once: true });
        };
        Services.ww.registerNotification(observer);
    });
    pane.goDoCommand(command);
    const compose = await opened;
    if (subject) compose.document.getElementById("msgSubject").value = subject;
    const editor = compose.GetCurrentEditor();
    if (!subject) editor.endOfDocument();
    editor.insertText(body);
    compose.goDoCommand("cmd_sendNow");
    const said = [];
    const alerts = () => [...Services.wm.getEnumerator(null)].filter(
        w => w.location.href == "chrome://global/content/commonDialog.xhtml" && !w.closed);
    const idle = () => alerts().length == 0 && !compose.gSendLocked && !compose.gSendOperationInProgress;
    await until(() => {
        for (const win of alerts()) {
            const text = win.document.getElementById("infoBody")?.textContent;
            if (!text) continue;
            if (said.at(-1) != text) said.push(text);
            win.document.querySelector("dialog").getButton("accept").click();
        }
        return compose.closed || (said.length && idle());
    }, "sent, or refused with an alert: " + said.join(" | "));
    if (!compose.closed) {
        compose.gContentChanged = false;
        compose.gMsgCompose.bodyModified = false;
        compose.close();
    }
    return said.length ? said.join(" | ") : null;
"""


# Begins, and returns before the question: no script runs while the main window has a dialog open.
CANCEL = """
    window.setTimeout(() => pane.goDoCommand("cmd_cancel"), 0);
"""

FETCH = """
    try { return "status " + (await fetch(arguments[0])).status; } catch (error) { return "" + error; }
"""

TAGS = """
    return pane.gDBView.getMsgHdrAt(arguments[0]).getStringProperty("keywords");
"""


@dataclass(frozen=True)
class Message:
    """One row of the message list, threads open. `depth` 0 is a thread's first message."""

    author: str
    subject: str
    depth: int
    message_id: str
    number: int


class Thunderbird:
    """Thunderbird on a set-up. `home` is the home directory of whoever runs it; `options` are for its command line."""

    def __init__(self, home: Path, setup: Path, *options: str, **environment: str) -> None:
        self.home = home
        self._setup = setup
        self._options, self._environment = options or ("--headless",), environment
        lines = (f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in TEST.items())
        (setup / "user.js").write_text("".join(lines))
        self._process = self._launch()
        try:
            self._marionette = Marionette(wait_until(self._port, "Thunderbird's Marionette port", START_SECONDS))
            self._marionette.run("while (!window.MailServices) await new Promise(r => window.setTimeout(r, 50));")
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def _launch(self) -> subprocess.Popen[bytes]:
        environment = {"HOME": str(self.home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", **ABOUT}
        (self._setup / "MarionetteActivePort").unlink(missing_ok=True)
        with (self.home / "thunderbird.log").open("ab") as log:
            return subprocess.Popen(
                [str(self._setup / START), *self._options, "--marionette", "--remote-allow-system-access"],
                env=environment | {"MOZ_CRASHREPORTER_DISABLE": "1"} | self._environment,
                stdout=log,
                stderr=log,
            )

    def _port(self) -> int:
        if self._process.poll() is not None:
            raise AssertionError(f"Thunderbird ended: {(self.home / 'thunderbird.log').read_text()[-2000:]}")
        written = self._setup / "MarionetteActivePort"
        return int(written.read_text().strip() or 0) if written.exists() else 0

    def _run(self, body: str, *args: Any) -> Any:
        return self._marionette.run(PRELUDE + body, *args)

    # reading

    def groups(self) -> list[str]:
        """What the Subscribe dialog lists: the server's LIST."""
        return list(self._run(LIST_GROUPS))

    def subscribe(self, name: str) -> None:
        self._run(SUBSCRIBE, name)

    def open_group(self, name: str) -> list[Message]:
        """Selects a subscribed newsgroup, or asks for new messages when it is selected; the rows of its list."""
        self._run(OPEN_GROUP, name)
        return self.messages()

    def messages(self) -> list[Message]:
        return [Message(*row) for row in self._run(MESSAGES)]

    def read(self, author: str, subject: str) -> str:
        """Selects a message and returns its text as shown."""
        rows = self.messages()
        row = next(n for n, each in enumerate(rows) if each.author.startswith(author) and subject in each.subject)
        return str(self._run(READ, row))

    # writing

    def post(self, subject: str, body: str) -> str | None:
        """In a newsgroup: New Message, Send. None when it was sent, else the alert's text."""
        return self._compose("cmd_newMessage", subject, body)

    def reply(self, body: str) -> str | None:
        """To the message opened by read(): Reply to Newsgroup, Send."""
        return self._compose("cmd_replyGroup", "", body)

    def mail(self, body: str) -> str | None:
        """To the author of the message opened by read(), by mail: Reply, Send. None when it was sent."""
        return self._compose("cmd_replySender", "", body)

    def fetch(self, url: str) -> str:
        """Asks for a page as Thunderbird does for what it shows or checks; what came of it."""
        return str(self._run(FETCH, url))

    def tags(self, row: int) -> list[str]:
        """The keys of a message's tags."""
        return str(self._run(TAGS, row)).split()

    def cancel(self) -> None:
        """Cancel Message on the one selected by read(), and yes, one is sure; returns when the list has it no more."""
        before = len(self.messages())
        self._run(CANCEL)
        wait_until(self._marionette.accept_dialog, "the question of Cancel Message")
        wait_until(lambda: len(self.messages()) < before, "the message to go")

    def _compose(self, command: str, subject: str, body: str) -> str | None:
        alert = self._run(COMPOSE, command, subject, body)
        return None if alert is None else str(alert)

    # the end

    def screenshot(self, path: Path) -> None:
        """The main window as a PNG file, for a person who looks why a test failed."""
        path.write_bytes(base64.b64decode(self._marionette.screenshot()))

    def close(self) -> None:
        """Leaves Thunderbird; one that hangs behind an alert is ended."""
        with suppress(OSError, ScriptError, subprocess.TimeoutExpired):
            self._marionette.quit()
            self._process.wait(STOP_SECONDS)
        self._end()

    def _end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
