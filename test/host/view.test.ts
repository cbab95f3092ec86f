/** The Processes view, the palette and the terminals, as a user works with them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

describe('the Processes view', () => {
  let editor: Editor;
  before(async () => {
    // Long enough for its stop to be seen while it lasts.
    const prepare = (workspace: string): void => {
      const file = join(workspace, '.vscode', 'processes.json');
      writeFileSync(file, readFileSync(file, 'utf8').replace('["SIGTERM", "2s", "SIGKILL"]', '["SIGTERM", "10s", "SIGKILL"]'));
    };
    editor = await Editor.open({ prepare });
    await editor.showProcesses();
  });
  after(() => editor[Symbol.asyncDispose]());

  it('lists what is declared, by group, before anything runs', async () => {
    await editor.waitForRow('stubborn', /idle/);
    assert.deepEqual(await editor.rowTexts(), [
      'app, group,',
      'web, idle, a dev server with two forked workers',
      'background, group,',
      'daemon, idle, puts itself into the background, in a session of its own',
      'stubborn, idle, ignores SIGTERM, and so does its child',
    ]);
    assert.deepEqual(editor.wardenPids, [], 'no warden before the first need');
  });

  it('has a hover that says what the row cannot', async () => {
    await editor.hover('web', 'Command: node web.js ${port:web}');
    await editor.page.mouse.move(700, 300);
  });

  it('starts a process from the palette, and shows its tree live', async () => {
    await editor.start('web');
    await editor.expand('web');
    // The primary and its two workers, each with what it uses.
    await eventually('its members are shown', async () => {
      const members = (await editor.rowTexts()).filter((text) => /, member, \d+ {2}[\d.]+ % {2}[\d.]+ MB( {2}:\d+)?$/.test(text));
      return members.length >= 1;
    });
    await editor.waitForTerminal(/worker \d+ listens on http:\/\/127\.0\.0\.1:\d+/);
    const [, url = ''] = (await editor.terminalText()).replaceAll('\n', '').match(/(http:\/\/127\.0\.0\.1:\d+)/) ?? [];
    assert.match(await (await fetch(url)).text(), /^hello from \d+/);
  });

  it('says what listens on which port, in row and hover, and hands its URL out', async () => {
    const text = await editor.waitForRow('web', /MB {2}:\d+$/);
    const [, port = ''] = text.match(/:(\d+)$/) ?? [];
    await editor.hover('web', `Ports: 127.0.0.1:${port}`);
    await editor.screenshot('ports');
    await editor.page.mouse.move(700, 300);
    await editor.warden('Copy URL');
    await editor.pick('web');
    // By whichever way it is reached from where the browser is.
    await eventually('it is copied', async () => new RegExp(`^http.*${port}`).test(await editor.clipboard()));
  });

  it('ends a stranger by its port, after a question', async () => {
    const stranger = createServer((_request, response) => response.end('a stranger'));
    stranger.listen(0, '127.0.0.1').unref();
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo;
    await editor.warden('Free a Port…');
    const input = editor.page.locator('.quick-input-widget input[placeholder="3000"]');
    await input.fill(String(port));
    await input.press('Enter');
    const dialog = editor.page.locator('.monaco-dialog-box');
    await dialog.filter({ hasText: `(pid ${process.pid})` }).waitFor({ timeout: 15_000 });
    await editor.screenshot('kill-port');
    // It is this very process: the question is what is tested here.
    await editor.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    stranger.close();
  });

  it('shows figures that follow the load', async () => {
    const idle = /, live, [0-4]\.\d %/;
    await editor.waitForRow('web', idle);
    const [, url = ''] = (await editor.terminalText()).replaceAll('\n', '').match(/(http:\/\/127\.0\.0\.1:\d+)/) ?? [];
    let busy = true;
    const load = (async () => {
      while (busy) await Promise.all(Array.from({ length: 20 }, async () => (await fetch(url)).text()));
    })();
    try {
      await editor.waitForRow('web', /, live, ([5-9]|\d\d+)\.\d %/);
      const percent = async (): Promise<number> => Number((await editor.row('web').getAttribute('aria-label'))?.match(/([\d.]+) %/)?.[1]);
      const isSame = (one: number, other: number): boolean => Math.abs(one - other) < 0.2 * one;
      const settled = async (): Promise<boolean> => {
        const before = await percent();
        await editor.page.waitForTimeout(3000);
        return isSame(before, await percent());
      };
      // A hover that is read stays, while the figures are about the same: what they rose to is in the row before. On a busy machine they change meanwhile.
      await eventually(
        'the hover stays',
        async () => {
          await eventually('the row has settled', settled);
          const before = await percent();
          const hover = await editor.hover('web', 'Command: node web.js');
          for (const until = Date.now() + 5000; Date.now() < until; await editor.page.waitForTimeout(100)) {
            if (await hover.isVisible()) continue;
            await editor.page.mouse.move(700, 300);
            await eventually('the row is drawn', async () => !Number.isNaN(await percent()));
            assert.ok(!isSame(before, await percent()), 'the hover has gone, and the figures are the same');
            return false;
          }
          return true;
        },
        60_000,
      );
      await editor.page.mouse.move(700, 300);
    } finally {
      busy = false;
    }
    await load;
    await editor.waitForRow('web', idle);
  });

  it('sums up in the status bar, where a click lists the trees', async () => {
    const item = editor.page.locator('.statusbar-item[id*="tree-warden"]');
    await eventually('it sums up', async () => /1 tree · \d+ % · \d+ MB/.test(await item.innerText()));
    await item.click();
    await editor.pick('web', 'contains');
    await editor.pick('Show Output', 'contains');
    await editor.waitForTerminal(/listens on/);
  });

  it('marks the daemon’s tree as one that lives by its members', async () => {
    await editor.start('daemon');
    await editor.waitForRow('daemon', /exited, 2 members left/);
    await editor.start('stubborn');
    await editor.expand('stubborn');
    await editor.waitForRow('stubborn', /, live, [\d.]+ % {2}[1-9]/);
    await editor.expand('node');
    await editor.warden('Show Output', 'web');
    await editor.waitForTerminal(/listens on/);
    await editor.quickPickGone();
    await editor.screenshot('processes');
  });

  it('takes keys in a terminal, and shows colours', async () => {
    await editor.warden('Show Output', 'stubborn');
    await editor.waitForTerminal(/type something and I will echo it/);
    await editor.typeIntoTerminal('hello warden\n');
    await editor.waitForTerminal(/you typed: hello warden/);
    await editor.warden('Show Output', 'web');
    await editor.waitForTerminal(/listens on/);
    assert.ok((await editor.page.locator('.terminal-wrapper.active .xterm-rows .xterm-fg-2').count()) > 0, 'the green of the worker line');
  });

  it('gives a terminal that was closed its earlier output again', async () => {
    await editor.command('Terminal: Kill the Active Terminal Instance');
    await eventually('it is closed', async () => !/listens on/.test(await editor.terminalText()));
    await editor.waitForRow('web', /, live/);
    await editor.notification(/^“web” runs on without its terminal\.$/);
    await editor.press(/“web” runs on without its terminal/, 'Show Output');
    await editor.waitForTerminal(/listens on/);
  });

  it('sends a signal, copies a pid, reveals a spec', async () => {
    await editor.warden('Copy Process ID', 'stubborn');
    const [stubborn] = editor.run.ps().filter((tree) => tree.name === 'stubborn');
    await eventually('it is copied', async () => (await editor.clipboard()) === String(stubborn?.leader.pid));
    await editor.warden('Show Output', 'stubborn');
    await editor.warden('Send Signal…', 'stubborn');
    await editor.pick('SIGINT');
    await editor.waitForTerminal(/I will not/);
    await editor.warden('Reveal in processes.json', 'daemon');
    await editor.page.locator('.tab[aria-label*="processes.json"]').waitFor();
    await eventually('the cursor is there', async () => /Ln 1[0-9]/.test(await editor.page.locator('.statusbar').innerText()));
  });

  it('shows the journal, and what the warden knows', async () => {
    await editor.warden('Show Journal');
    await editor.page.locator('.tab[aria-label*="journal.jsonl"]').waitFor();
    await editor.warden('Show Diagnostics (JSON)');
    await eventually('it is shown', async () =>
      /"adoptsOrphans": true/.test(
        await editor.page
          .locator('.monaco-editor .view-lines')
          .last()
          .innerText()
          .then((text) => text.replaceAll('\u00a0', ' ')),
      ),
    );
    await editor.page.keyboard.press('Control+1');
    await editor.page.locator('.editor-instance .monaco-editor.focused').first().waitFor();
    // It says so for three seconds.
    const message = editor.page.locator('.monaco-editor-overlaymessage', { hasText: 'read-only' }).first();
    await editor.pressUntil(
      () => editor.page.keyboard.type('x'),
      () => message.isVisible(),
      'it is not to be changed',
    );
  });

  it('restarts a process by the button of its row', async () => {
    const before = editor.wardenPids;
    const [old] = editor.run.ps().filter((tree) => tree.name === 'web');
    await editor.pressOnRow('web', 'Restart', () => {
      const [now] = editor.run.ps().filter((tree) => tree.name === 'web');
      return now !== undefined && now.leader.pid !== old?.leader.pid;
    });
    assert.deepEqual(editor.wardenPids, before);
  });

  it('takes up a changed file without touching what runs', async () => {
    const file = join(editor.workspace, '.vscode', 'processes.json');
    const original = readFileSync(file, 'utf8');
    const leaders = (): number[] =>
      editor.run
        .ps()
        .map((tree) => tree.leader.pid)
        .sort();
    const before = leaders();
    writeFileSync(file, original.replace('"web": {', '"added": { "command": "sleep 100", "group": "app" },\n    "web": {'));
    await editor.waitForRow('added', /idle/);
    writeFileSync(file, original.replace('"group": "app"', '"grup": "app"'));
    await eventually('the mistake is counted', async () =>
      /Errors: 1|1 error|^\D*1/.test(
        (await editor.page.locator('.statusbar-item[id*="problems"]').getAttribute('aria-label')) ??
          (await editor.page.locator('.statusbar-item[id*="problems"]').innerText()),
      ),
    );
    await editor.command('View: Focus Problems (Errors, Warnings, Infos)').catch(() => editor.command('Problems: Focus on Problems View'));
    await eventually('the mistake is named', async () =>
      /there is no key 'grup'/.test(await editor.page.locator('.markers-panel').innerText()),
    );
    // What is declared wrongly now is as it was, and can be started again.
    await eventually('its row stays where it was', async () => (await editor.rowTexts())[0] === 'app, group, 1/1');
    writeFileSync(file, '{ "processes": {');
    await editor.waitForRow('stubborn', /, live, .*as last read; processes\.json has an error/);
    await editor.waitForRow('stubborn', /, live/);
    assert.deepEqual(leaders(), before);
    writeFileSync(file, original);
    await eventually('all is well again', async () => !(await editor.rowTexts()).some((text) => text.startsWith('added')));
  });

  it('shows the progress of a stop that takes its time, and its end', async () => {
    await editor.warden('Stop', 'stubborn');
    await editor.notification(/Stopping stubborn/);
    await editor.waitForRow('stubborn', /, live, .*stopping/);
    await editor.waitForRow('stubborn', /, ended, stopped by the user/);
  });

  it('stops everything with one command', async () => {
    await editor.start('stubborn');
    await editor.warden('Kill All');
    for (const name of ['web', 'daemon', 'stubborn']) await editor.waitForRow(name, /, ended, killed by the user/);
    await eventually('no process is left', () => editor.workers.length === 0);
    // The palette learns a moment after the rows what there is to act on, and not while it is open.
    await eventually('what makes no sense is not offered', async () => {
      await editor.fillPalette('Tree Warden: ');
      if (!(await editor.appears(editor.entry('Tree Warden: Start', 'is'), 2000))) return false;
      return (await editor.entry('Tree Warden: Stop All', 'is').count()) === 0;
    });
    assert.equal(await editor.entry('Tree Warden: Load Model', 'is').count(), 0, 'there are no models');
    await editor.page.keyboard.press('Escape');
    await editor.quickPickGone();
  });

  it('is not moved by a process that prints a gigabyte', async () => {
    const file = join(editor.workspace, '.vscode', 'processes.json');
    const command = 'yes a line of a flood | head -c 1000000000; echo; echo the very last line';
    // On pipes: a kernel's terminal passes 30 MB a second on, which is no flood.
    writeFileSync(file, JSON.stringify({ processes: { flood: { command, pty: false } } }));
    await editor.waitForRow('flood', /idle/);
    const memory = (): number => Math.max(...[...editor.extensionHostPids, ...editor.wardenPids].map(residentMegabytes));
    await editor.start('flood');
    const before = memory();
    let peak = before;
    let slowest = 0;
    await eventually(
      'it has printed all of it',
      async () => {
        const asked = performance.now();
        await editor.page.keyboard.press('F1');
        await editor.page.locator('.quick-input-widget .quick-input-box input').waitFor();
        await editor.page.keyboard.press('Escape');
        slowest = Math.max(slowest, performance.now() - asked);
        peak = Math.max(peak, memory());
        return (await editor.rowTexts()).some((text) => /^flood, ended/.test(text));
      },
      100_000,
    );
    await editor.waitForTerminal(/the very last line/);
    console.log(`palette at most ${slowest.toFixed(0)} ms away, memory grew by ${(peak - before).toFixed(0)} MB`);
    // What two garbage collectors leave lying about, not what was printed.
    assert.ok(peak - before < 400, `${before} MB before, ${peak} MB at most`);
  });

  it('completes keys in processes.json, and says what they mean', async () => {
    const file = join(editor.workspace, '.vscode', 'processes.json');
    writeFileSync(file, '{\n  "processes": {\n    "a": {\n      \n    }\n  }\n}\n');
    await editor.openFile('processes.json:4:7');
    await eventually('the cursor is there', async () => /Ln 4, Col 7/.test(await editor.page.locator('.statusbar').innerText()));
    const suggestions = editor.page.locator('.suggest-widget .monaco-list-row');
    // Each press asks anew, and calls off what was asked before.
    await editor.pressUntil(
      () => editor.page.keyboard.press('Control+Space'),
      async () => /whenLeaderExits|autoStart/.test((await suggestions.allInnerTexts()).join(' ')),
      'the keys are offered',
    );
    await editor.page.keyboard.press('Escape');
  });

  it('says in one sentence why something cannot be started', async () => {
    const file = join(editor.workspace, '.vscode', 'processes.json');
    writeFileSync(file, '{ "processes": { "lost": { "command": ["no-such-command"] } } }');
    await editor.waitForRow('lost', /idle/);
    await editor.warden('Start', 'lost');
    await editor.notification(/^“lost” could not be started\. There is no command 'no-such-command' in the PATH/);
    await editor.waitForRow('lost', /, failed, There is no command/);
  });
});

/** Megabytes that are resident. */
function residentMegabytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)?.[1] ?? 0) / 1024;
}
