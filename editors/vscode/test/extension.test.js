// The extension against a stand-in for the editor: which program is started, and when.
"use strict";

const assert = require("node:assert");
const Module = require("node:module");
const { beforeEach, test } = require("node:test");

const editor = { trusted: true, path: "", errors: [], started: [], stopped: 0, fail: false, commands: {}, granted: undefined };
const stand_ins = {
  vscode: {
    workspace: {
      get isTrusted() { return editor.trusted; },
      getConfiguration: () => ({ get: (name) => editor[name] ?? "" }),
      onDidGrantWorkspaceTrust: (then) => { editor.granted = then; return {}; },
    },
    window: { showErrorMessage: (message) => editor.errors.push(message) },
    commands: { registerCommand: (name, run) => { editor.commands[name] = run; return {}; } },
  },
  "vscode-languageclient/node": {
    LanguageClient: class {
      constructor(id, name, server) { this.server = server; }
      async start() {
        if (editor.fail) throw new Error("ENOENT");
        editor.started.push([this.server.command, ...this.server.args]);
      }
      async stop() { editor.stopped += 1; }
    },
  },
};
const load = Module._load;
Module._load = (name, ...rest) => stand_ins[name] ?? load(name, ...rest);
const extension = require("../extension.js");

beforeEach(async () => {
  await extension.deactivate();
  Object.assign(editor, { trusted: true, path: "", errors: [], started: [], stopped: 0, fail: false });
});

test("the server of the PATH is started", async () => {
  await extension.activate({ subscriptions: [] });
  assert.deepStrictEqual(editor.started, [["mfaplan", "lsp"]]);
});

test("a folder that is not trusted starts nothing until it is", async () => {
  editor.trusted = false;
  await extension.activate({ subscriptions: [] });
  assert.deepStrictEqual(editor.started, []);
  await editor.granted();
  assert.strictEqual(editor.started.length, 1);
});

test("a program of the folder is refused", async () => {
  editor.path = "./mfaplan";
  await extension.activate({ subscriptions: [] });
  assert.deepStrictEqual(editor.started, []);
  assert.match(editor.errors[0], /absolute path/);
});

test("a missing program is told, with the setting that mends it", async () => {
  editor.fail = true;
  await extension.activate({ subscriptions: [] });
  assert.match(editor.errors[0], /mfaplan\.path/);
});

test("restarting stops the old server first", async () => {
  await extension.activate({ subscriptions: [] });
  await editor.commands["mfaplan.restart"]();
  assert.deepStrictEqual([editor.started.length, editor.stopped], [2, 1]);
});
