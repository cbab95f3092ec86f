/**
 * How many processes VS Code leaves of what it starts, alone and with the guard: of a task, a terminal, a debug session and a child of another extension,
 * each of which has three (a plain child, one in a session of its own, and a daemon without an environment). Prints a Markdown table.
 *   node test/bench/editor.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DrivenEditor } from '../support/driver.ts';
import { eventually } from '../support/run.ts';
import { printTable } from '../support/table.ts';

/** Time in milliseconds after which a process counts as left: VS Code's own reconnection grace is 1 s here, and that of a guarded terminal 1 s, with 3 s to end. */
const settleMillis = 15_000;

interface Kind {
  readonly name: string;
  /** Resolves when its three processes are to come; guarded, if so. */
  start(driven: DrivenEditor, isGuarded: boolean): Promise<void>;
  readonly endedBy: string;
  end(driven: DrivenEditor): Promise<unknown>;
}

const kinds: readonly Kind[] = [
  {
    name: 'task',
    start: async (driven, isGuarded) => {
      await driven.drive('task', { name: 'task', script: `${driven.leaving}; exec sleep 1000` });
      await guarded(driven, isGuarded, 'task');
    },
    endedBy: '*Terminate Task*',
    end: (driven) => driven.drive('terminateTask', { name: 'task' }),
  },
  {
    name: 'terminal',
    start: async (driven, isGuarded) => {
      await driven.drive('terminal', { name: 'terminal', text: driven.leaving });
      await guarded(driven, isGuarded, 'terminal');
    },
    endedBy: 'closing it',
    end: (driven) => driven.drive('killTerminal', { name: 'terminal' }),
  },
  {
    name: 'debug session',
    start: async (driven, isGuarded) => {
      await driven.drive('debug', { name: 'session', program: join(driven.folder, 'program.js'), console: 'internalConsole' });
      await guarded(driven, isGuarded, 'session');
    },
    endedBy: '*Stop*',
    end: (driven) => driven.drive('stopDebugging'),
  },
  {
    name: 'detached child of an extension',
    start: async (driven, isGuarded) => {
      // What it leaves before it is looked for the first time is not found.
      const go = join(driven.folder, 'go');
      await driven.drive('child', { script: `until [ -e ${go} ]; do sleep 0.1; done; ${driven.leaving}; exec sleep 1000`, detached: true });
      if (isGuarded) await driven.editor.expand('Other Extensions');
      await guarded(driven, isGuarded, 'sh');
      writeFileSync(go, '');
    },
    endedBy: 'SIGKILL of the extension host',
    end: async (driven) => {
      for (const pid of driven.editor.extensionHostPids) process.kill(pid, 'SIGKILL');
    },
  },
];

function hostOfTerminals({ editor }: DrivenEditor): number[] {
  return editor.pidsWith('--type=ptyHost');
}

/** Whether what it starts is known from its birth on. */
function isMarked(pid: number): boolean {
  return !/Max realtime timeout\s+unlimited/.test(readFileSync(`/proc/${pid}/limits`, 'utf8'));
}

async function guarded(driven: DrivenEditor, isGuarded: boolean, name: string): Promise<void> {
  if (isGuarded) await driven.editor.waitForRow(name, /, live, .*guarded/);
}

/** Of how many there were, how many are left when nothing ends any more. */
async function leftOf(driven: DrivenEditor): Promise<number> {
  await eventually('none is left', async () => (await driven.left()).length === 0, settleMillis).catch(() => undefined);
  return (await driven.left()).length;
}

/** The cells of a column, for each kind and for all of them together when the window is closed. */
async function columnOf(isGuarded: boolean): Promise<string[]> {
  const names = ['terminals', 'tasks', 'debug', 'extensions'];
  const settings = { ...Object.fromEntries(names.map((name) => [`treeWarden.guard.${name}`, 'on'])), 'treeWarden.reloadGrace': 1 };
  const cells: string[] = [];
  for (const tried of [...kinds.map((kind) => [kind]), kinds]) {
    await using driven = await DrivenEditor.open(isGuarded ? { settings } : { isBare: true });
    if (isGuarded) await driven.editor.showProcesses();
    // What VS Code starts before the guard is there is not guarded from its first instruction on: its process for terminals comes with the first of them.
    await driven.drive('terminal', { name: 'first' });
    await guarded(driven, isGuarded, 'first');
    if (isGuarded) await eventually('the host of terminals hands on a mark', () => hostOfTerminals(driven).some(isMarked));
    for (const kind of tried) await kind.start(driven, isGuarded);
    await driven.running(3 * tried.length);
    const [kind] = tried;
    if (tried.length === 1 && kind) await kind.end(driven);
    else await driven.editor.page.close();
    cells.push(`${await leftOf(driven)} of ${3 * tried.length}`);
    console.log(`${isGuarded ? 'guarded' : 'alone'}, ${tried.map(({ name }) => name).join(' and ')}: ${cells.at(-1)} left`);
  }
  return cells;
}

const alone = await columnOf(false);
const withGuard = await columnOf(true);
const ends = [...kinds.map(({ name, endedBy }) => `a ${name}, by ${endedBy}`), 'all four, by closing the window'];
printTable(
  'What VS Code leaves',
  ['ended', 'VS Code alone', 'VS Code with the guard'],
  ends.map((end, row) => [end, alone[row] ?? '', withGuard[row] ?? '']),
);
