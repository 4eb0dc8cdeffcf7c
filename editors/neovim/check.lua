-- Asks the language server for everything that it can, through Neovim's own client: what is typed goes through incremental
-- synchronisation, and what is renamed is written into buffers and files by Neovim.

local main = [[
tenant "Contoso" {
  id       = "6f1c2d3e-4a5b-4c6d-8e7f-901234567890"
  snapshot = "tenant.json"
}

variable "team" {
  default = "Finance"
}

mfa "staff" {
  state = "enforced"
  users = ["jdoe@contoso.com"]
  where = startswith(user.department, var.team)
}
]]
local beside = [[
check "few" {
  assert {
    condition     = var.team != "" && plan.summary.enforce < 9
    error_message = "many"
  }
}
]]

local function write(name, text)
  local file = assert(io.open(name, "w"))
  file:write(text)
  file:close()
end
write("main.mfa.hcl", main)
write("beside.mfa.hcl", beside)

local failed = false
local function expect(what, holds, shown)
  if not holds then
    failed = true
    io.stderr:write("FAILED " .. what .. ": " .. vim.inspect(shown) .. "\n")
  end
end

vim.cmd("edit main.mfa.hcl")
local buffer = vim.api.nvim_get_current_buf()
local settings = {
  name = "mfaplan",
  cmd = { vim.env.MFAPLAN, "lsp" },
  root_dir = vim.fn.getcwd(),
  init_options = { plan = true },
}
local id
if vim.lsp.start then
  id = vim.lsp.start(settings)
else
  id = vim.lsp.start_client(settings)
  vim.lsp.buf_attach_client(buffer, id)
end
local client = vim.lsp.get_client_by_id(id)
assert(vim.wait(10000, function()
  return client.initialized
end, 10), "the server does not start")

--- The position right behind the first occurrence of some text.
local function behind(text)
  for line, content in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, false)) do
    local _, stop = content:find(text, 1, true)
    if stop then
      return { line = line - 1, character = stop }
    end
  end
  error("no " .. text)
end

local uri = vim.uri_from_bufnr(buffer)
local function ask(method, text, more)
  local params = vim.tbl_extend("force", { textDocument = { uri = uri } }, more or {})
  if text then
    params.position = behind(text)
    params.range = { start = params.position, ["end"] = params.position }
  end
  local answers = vim.lsp.buf_request_sync(buffer, method, params, 10000) or {}
  local answer = answers[id] or {}
  expect(method, answer.error == nil and answer.err == nil, answer)
  return answer.result
end

local function diagnostics()
  return vim.diagnostic.get(buffer)
end

local function has(list, member, value)
  for _, one in ipairs(list or {}) do
    if one[member] == value then
      return true
    end
  end
  return false
end

-- Typed, seen, and mended.
vim.api.nvim_buf_set_lines(buffer, 10, 11, false, { '  state = "enforcd"' })
expect("diagnostics", vim.wait(10000, function()
  return #diagnostics() == 1
end, 10), diagnostics())
local actions = ask("textDocument/codeAction", '"enforc', { context = { diagnostics = {} } })
expect("codeAction", has(actions, "title", "Replace `enforcd` by `enforced`"), actions)
vim.lsp.util.apply_workspace_edit(actions[1].edit, client.offset_encoding)
expect("applied", vim.api.nvim_buf_get_lines(buffer, 10, 11, false)[1] == '  state = "enforced"', "")
expect("mended", vim.wait(10000, function()
  return #diagnostics() == 0
end, 10), diagnostics())

local completion = ask("textDocument/completion", 'users = ["')
expect("completion", has(completion.items, "label", "jdoe@contoso.com"), completion)
local hover = ask("textDocument/hover", "startsw")
expect("hover", hover.contents.value:find("startswith(str, prefix)", 1, true), hover)
local signature = ask("textDocument/signatureHelp", "startswith(user.department, ")
expect("signatureHelp", signature.activeParameter == 1, signature)
local definition = ask("textDocument/definition", "var.te")
expect("definition", definition.range.start.line == 5, definition)
local references = ask("textDocument/references", "var.te", { context = { includeDeclaration = true } })
expect("references", #references == 3, references)
expect("documentHighlight", #ask("textDocument/documentHighlight", "var.te") == 2, "")
expect("prepareRename", ask("textDocument/prepareRename", "var.te").placeholder == "team", "")
expect("documentSymbol", #ask("textDocument/documentSymbol") == 3, "")
expect("foldingRange", #ask("textDocument/foldingRange") == 3, "")
expect("documentLink", #ask("textDocument/documentLink") == 1, "")
expect("semanticTokens", #ask("textDocument/semanticTokens/full").data % 5 == 0, "")
expect("workspace/symbol", has(ask("workspace/symbol", nil, { query = "few" }), "name", "check.few"), "")
expect("formatting", #ask("textDocument/formatting", nil, { options = { tabSize = 2, insertSpaces = true } }) == 0, "")
vim.cmd("silent write")
local lenses = {}
expect("codeLens", vim.wait(10000, function()
  lenses = ask("textDocument/codeLens")
  return #lenses == 1
end, 50), lenses)

-- Renamed here and in a file that is not open.
vim.lsp.util.apply_workspace_edit(ask("textDocument/rename", "var.te", { newName = "unit" }), client.offset_encoding)
vim.cmd("silent wall")
local other = assert(io.open("beside.mfa.hcl")):read("*a")
expect("rename", other:find("var.unit", 1, true) and behind("var.unit"), other)
expect("still right", vim.wait(10000, function()
  return #diagnostics() == 0
end, 10), diagnostics())

-- What it says it can, this asks for.
local asked = {
  codeActionProvider = true, codeLensProvider = true, completionProvider = true, definitionProvider = true,
  documentFormattingProvider = true, documentHighlightProvider = true, documentLinkProvider = true,
  documentSymbolProvider = true, foldingRangeProvider = true, hoverProvider = true, referencesProvider = true,
  renameProvider = true, semanticTokensProvider = true, signatureHelpProvider = true, workspaceSymbolProvider = true,
  textDocumentSync = true, positionEncoding = true,
}
for name in pairs(client.server_capabilities) do
  expect("asks for " .. name, asked[name] or name == "offsetEncoding", name)
end

client.stop()
if failed then
  vim.cmd("cquit 1")
end
io.stderr:write("Neovim: all capabilities answer\n")
