// Starts `mfaplan lsp` for the files of this language. Everything that is known of the language lives in that server, so
// that every editor is told the same.
"use strict";

const path = require("node:path");
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

/**
 * The program to start. A relative path is refused: a folder somebody sent must not bring its own program.
 * @param {string} configured what the settings say
 * @returns {string} a bare name, which the system looks up in PATH, or an absolute path
 */
function program(configured) {
  const wanted = configured.trim() || "mfaplan";
  const bare = path.basename(wanted) === wanted;
  if (!bare && !path.isAbsolute(wanted)) {
    throw new Error(`mfaplan.path must be a name in PATH or an absolute path, and is "${wanted}"`);
  }
  return wanted;
}

async function start() {
  const settings = vscode.workspace.getConfiguration("mfaplan");
  const policy = settings.get("policy", "");
  const env = policy && !process.env.MFAPLAN_POLICY ? { ...process.env, MFAPLAN_POLICY: policy } : process.env;
  try {
    const command = program(settings.get("path", ""));
    client = new LanguageClient(
      "mfaplan",
      "mfaplan",
      { command, args: ["lsp"], options: { env } },
      {
        documentSelector: [{ scheme: "file", language: "mfaplan" }],
        initializationOptions: { plan: settings.get("plan", false) },
        synchronize: { configurationSection: "mfaplan" },
      },
    );
    await client.start();
  } catch (error) {
    client = undefined;
    vscode.window.showErrorMessage(`The language server of mfaplan did not start: ${error.message}. Set mfaplan.path to the program.`);
  }
}

async function stop() {
  const running = client;
  client = undefined;
  await running?.stop();
}

/** @param {vscode.ExtensionContext} context */
async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("mfaplan.restart", async () => {
      await stop();
      await start();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => start()),
  );
  // The server evaluates the folder's files and reads what they name.
  if (vscode.workspace.isTrusted) await start();
}

module.exports = { activate, deactivate: stop, program };
