import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { DashboardTexts } from '../../protocol/dashboard.ts';
import { modelPageTexts } from './modelPageTexts.ts';

/** The folders of the extension that the page may load from. */
export function pageRoots(extension: vscode.Uri): vscode.Uri[] {
  return [vscode.Uri.joinPath(extension, 'dist')];
}

/** The HTML of the dashboard. It runs only its own script and loads nothing from elsewhere. */
export function pageHtml(webview: vscode.Webview, extension: vscode.Uri): string {
  const nonce = randomBytes(16).toString('base64url');
  const file = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(extension, 'dist', name)).toString();
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'; font-src ${webview.cspSource}; img-src data:`;
  const text = {
    charts: vscode.l10n.t('CPU, memory and disk over time'),
    range: vscode.l10n.t('Range'),
    recent: vscode.l10n.t('10 minutes'),
    long: vscode.l10n.t('4 hours'),
    filter: vscode.l10n.t('Filter by name, pid, tree or port'),
    processes: vscode.l10n.t('Processes'),
    output: vscode.l10n.t('Output'),
    csv: vscode.l10n.t('Export CSV'),
    png: vscode.l10n.t('Export PNG'),
    restart: vscode.l10n.t('Restart'),
    stop: vscode.l10n.t('Stop'),
    killNow: vscode.l10n.t('Kill Now'),
    showOutput: vscode.l10n.t('Open Terminal'),
    trees: vscode.l10n.t('Trees'),
    models: vscode.l10n.t('Models'),
    graph: vscode.l10n.t('Dependencies'),
    pages: vscode.l10n.t('Pages'),
    activity: vscode.l10n.t('Requests'),
    playground: vscode.l10n.t('Playground'),
  };
  const texts: DashboardTexts = {
    ...modelPageTexts(),
    cpu: vscode.l10n.t('CPU'),
    memory: vscode.l10n.t('Memory'),
    storage: vscode.l10n.t('Disk'),
    gpu: vscode.l10n.t('GPU'),
    gpuMemory: vscode.l10n.t('GPU Memory'),
    process: vscode.l10n.t('Process'),
    pid: vscode.l10n.t('PID'),
    tree: vscode.l10n.t('Tree'),
    threads: vscode.l10n.t('Threads'),
    ports: vscode.l10n.t('Ports'),
    model: vscode.l10n.t('Model'),
    state: vscode.l10n.t('State'),
    servers: vscode.l10n.t('Servers'),
    waiting: vscode.l10n.t('Queued'),
    requests: vscode.l10n.t('Requests'),
    failed: vscode.l10n.t('Failed'),
    tokensIn: vscode.l10n.t('Tokens In'),
    tokensOut: vscode.l10n.t('Tokens Out'),
    firstToken: vscode.l10n.t('Time to First Token'),
    speed: vscode.l10n.t('Speed'),
    // The page fills in the placeholders.
    allTogether: vscode.l10n.t('{0}: total {1}; {2}', '{0}', '{1}', '{2}'),
    showOrHide: vscode.l10n.t('Show or hide {0}', '{0}'),
    choose: vscode.l10n.t('Select a process to see its output'),
    count: vscode.l10n.t('{0} processes', '{0}'),
    countOne: vscode.l10n.t('1 process'),
    countOf: vscode.l10n.t('{0} of {1} processes', '{0}', '{1}'),
    idle: vscode.l10n.t('idle'),
    waits: vscode.l10n.t('waits'),
    starting: vscode.l10n.t('starting'),
    live: vscode.l10n.t('running'),
    succeeded: vscode.l10n.t('succeeded'),
    ended: vscode.l10n.t('ended'),
    hasFailed: vscode.l10n.t('failed'),
  };
  return `<!DOCTYPE html>
<html lang="${vscode.env.language}">
<head>
  <meta charset="utf-8">
  <meta http-equiv="Content-Security-Policy" content="${policy}">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <link rel="stylesheet" href="${file('dashboard.css')}">
  <title>Tree Warden</title>
</head>
<body data-texts="${escapeAttribute(JSON.stringify(texts))}">
  <div id="tabs" role="tablist" aria-label="${text.pages}" hidden>
    <button id="tab-processes" data-tab="processes" role="tab" aria-controls="page-processes">${text.processes}</button>
    <button id="tab-activity" data-tab="activity" role="tab" aria-controls="page-activity">${text.activity}</button>
    <button id="tab-playground" data-tab="playground" role="tab" aria-controls="page-playground">${text.playground}</button>
  </div>
  <div id="page-activity" class="page" role="tabpanel" aria-labelledby="tab-activity" hidden></div>
  <div id="page-playground" class="page" role="tabpanel" aria-labelledby="tab-playground" hidden></div>
  <div id="page-processes" class="page" role="tabpanel" aria-labelledby="tab-processes">
  <header>
    <div id="legend" role="group" aria-label="${text.trees}"></div>
    <div id="tools">
      <div role="radiogroup" aria-label="${text.range}">
        <button data-range="recent" role="radio">${text.recent}</button>
        <button data-range="long" role="radio">${text.long}</button>
      </div>
      <button id="export-csv">${text.csv}</button>
      <button id="export-png">${text.png}</button>
    </div>
  </header>
  <table id="models" aria-label="${text.models}" hidden></table>
  <section id="graph" aria-label="${text.graph}" hidden></section>
  <section id="charts" aria-label="${text.charts}"></section>
  <div id="table-bar">
    <input id="filter" type="search" placeholder="${text.filter}" aria-label="${text.filter}">
    <span id="count" role="status"></span>
  </div>
  <div id="grid" role="grid" aria-label="${text.processes}">
    <div id="heads" role="row"></div>
    <div id="rows" role="rowgroup" tabindex="0" aria-label="${text.processes}"><div id="rows-spacer" role="presentation"></div></div>
  </div>
  <div id="output-bar">
    <strong id="followed" role="status"></strong>
    <button class="push" data-command="restart">${text.restart}</button>
    <button data-command="stop">${text.stop}</button>
    <button data-command="killNow">${text.killNow}</button>
    <button data-command="showOutput">${text.showOutput}</button>
  </div>
  <pre id="output" tabindex="0" aria-label="${text.output}"></pre>
  </div>
  <script nonce="${nonce}" src="${file('dashboard.js')}"></script>
</body>
</html>`;
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
}
