/** Which processes count as left behind: a table of process tables, and a property over thousands of foreign processes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { findLeftBehind } from '../../../src/leftBehind/findLeftBehind.ts';
import type { ProcessRow, Surroundings } from '../../../src/leftBehind/processRow.ts';
import { holdsFor } from '../../support/property.ts';

const workspace = '/home/me/shop';
const worktree = '/home/me/shop-agent-1';
const windowSocket = '/run/user/1000/vscode-ipc-1.sock';
const editorSocket = '/run/user/1000/vscode-main.sock';

let nextPid = 1000;
/** An orphan in a session of its own, in the workspace, without any mark; `changes` on top. */
function row(changes: Partial<ProcessRow> & { readonly env?: Readonly<Record<string, string>> } = {}): ProcessRow {
  const { env = {}, ...others } = changes;
  const pid = others.pid ?? nextPid++;
  return {
    pid,
    startTime: 5000,
    parent: 1,
    session: pid,
    alive: true,
    name: 'node',
    hasTerminal: false,
    isOwned: true,
    argv: ['node', 'server.js'],
    cwd: workspace,
    environment: new Map(Object.entries(env)),
    executable: '/usr/bin/node',
    sharesNames: true,
    cgroup: '/user.slice/user-1000.slice/session-2.scope',
    isMarked: false,
    limitMark: undefined,
    ports: [],
    ...others,
  };
}

const init = row({ pid: 1, parent: 0, name: 'systemd', argv: ['/sbin/init'], isOwned: false, cwd: '/', startTime: 1 });
const manager = row({ pid: 900, name: 'systemd', argv: ['/usr/lib/systemd/systemd', '--user'], cwd: '/home/me' });
/** The window that looks. */
const editor = row({ pid: 800, argv: ['/usr/share/code/code'], name: 'code', cwd: '/home/me' });
const host = row({ pid: 801, parent: 800, argv: ['/usr/share/code/code', '--type=utility'], name: 'code', cwd: '/home/me' });
const self = row({ pid: 802, parent: 801, argv: ['node', 'leftBehind.js'] });
const always = [init, manager, editor, host, self];

const around: Surroundings = {
  self: 802,
  folders: [workspace, worktree],
  wantedPorts: new Set([3000]),
  recorded: new Set(['77:5000']),
  recordedMarks: new Set([4711]),
  cgroup: '/user.slice/user-1000.slice/session-2.scope',
  sockets: new Map(),
};

function found(rows: readonly ProcessRow[], changes: Partial<Surroundings> = {}): [number, string][] {
  return findLeftBehind([...always, ...rows], { ...around, ...changes }).map(({ root, reason }) => [root.pid, reason]);
}

const cases: readonly {
  readonly what: string;
  readonly rows: readonly ProcessRow[];
  readonly finds?: readonly [number, string][];
  readonly sockets?: Readonly<Record<string, boolean>>;
  readonly cgroup?: string;
}[] = [
  { what: 'an orphan of the first process', rows: [row({ pid: 50 })], finds: [[50, 'parentGone']] },
  { what: 'an orphan of the user’s service manager', rows: [row({ pid: 50, parent: 900 })], finds: [[50, 'parentGone']] },
  { what: 'one in a folder of the workspace', rows: [row({ pid: 50, cwd: `${workspace}/packages/web` })], finds: [[50, 'parentGone']] },
  { what: 'one in another worktree', rows: [row({ pid: 50, cwd: worktree })], finds: [[50, 'parentGone']] },
  {
    what: 'one elsewhere whose command line names the workspace',
    rows: [row({ pid: 50, cwd: '/', argv: ['node', `${workspace}/server.js`] })],
    finds: [[50, 'parentGone']],
  },
  {
    what: 'one whose script names the workspace',
    rows: [row({ pid: 50, cwd: '/', name: 'sh', argv: ['sh', '-c', `cd ${workspace} && npm run dev`] })],
    finds: [[50, 'parentGone']],
  },
  {
    what: 'one elsewhere that holds a wanted port',
    rows: [row({ pid: 50, cwd: '/', ports: [{ protocol: 'tcp', port: 3000, address: '::' }] })],
    finds: [[50, 'parentGone']],
  },
  { what: 'one elsewhere with the same number in UDP', rows: [row({ cwd: '/', ports: [{ protocol: 'udp', port: 3000, address: '::' }] })] },
  {
    what: 'the topmost of several',
    rows: [row({ pid: 50 }), row({ pid: 51, parent: 50 }), row({ pid: 52, parent: 51 })],
    finds: [[50, 'parentGone']],
  },
  {
    what: 'one whose window is gone',
    rows: [row({ pid: 50, env: { VSCODE_IPC_HOOK_CLI: windowSocket } })],
    sockets: { [windowSocket]: false },
    finds: [[50, 'windowGone']],
  },
  {
    what: 'one whose window is gone, while the editor runs on',
    rows: [row({ pid: 50, env: { VSCODE_GIT_IPC_HANDLE: windowSocket, VSCODE_PID: '800' } })],
    sockets: { [windowSocket]: false },
    finds: [[50, 'windowGone']],
  },
  {
    what: 'one whose window is gone, in the session of the server, which runs on',
    rows: [row({ pid: 50, session: 800, env: { VSCODE_IPC_HOOK_CLI: windowSocket } })],
    sockets: { [windowSocket]: false },
    finds: [[50, 'windowGone']],
  },
  { what: 'one whose editor is gone', rows: [row({ pid: 50, env: { VSCODE_PID: '4711' } })], finds: [[50, 'editorGone']] },
  {
    what: 'one whose editor’s pid has passed to a younger process',
    rows: [row({ pid: 50, startTime: 4000, env: { VSCODE_PID: '800' } })],
    finds: [[50, 'editorGone']],
  },
  {
    what: 'one whose editor’s socket is refused',
    rows: [row({ pid: 50, env: { VSCODE_IPC_HOOK: editorSocket } })],
    sockets: { [editorSocket]: false },
    finds: [[50, 'editorGone']],
  },
  {
    what: 'a dev stack of a process manager for development',
    rows: [row({ pid: 50, name: 'foreman', argv: ['foreman', 'start'] })],
    finds: [[50, 'parentGone']],
  },
  {
    what: 'a browser that a test has left, with its renderers',
    rows: [
      row({ pid: 50, name: 'chromium', argv: ['chromium', '--headless'] }),
      row({ pid: 51, parent: 50, argv: ['chromium', '--type=renderer'] }),
    ],
    finds: [[50, 'parentGone']],
  },
  {
    what: 'one that an agent has started which has ended, or has begun later',
    rows: [
      row({ pid: 60, hasTerminal: true, argv: ['node', '/usr/bin/codex'], startTime: 6000 }),
      row({ pid: 50, env: { CLAUDECODE: '1' } }),
    ],
    finds: [[50, 'parentGone']],
  },
  {
    what: 'one without such a mark, while an agent is at work',
    rows: [row({ pid: 60, hasTerminal: true, name: 'claude', argv: ['claude'], startTime: 4000 }), row({ pid: 50 })],
    finds: [[50, 'parentGone']],
  },
  {
    what: 'one that runs git just now',
    rows: [row({ pid: 50 }), row({ parent: 50, name: 'git', argv: ['git', 'status'] })],
    finds: [[50, 'parentGone']],
  },
  {
    what: 'one in the very service that the editor runs in',
    rows: [row({ pid: 50, cgroup: '/system.slice/code-server@me.service' })],
    cgroup: '/system.slice/code-server@me.service',
    finds: [[50, 'parentGone']],
  },
  {
    what: 'one below the user’s own manager, in no service',
    rows: [row({ pid: 50, cgroup: '/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-1.scope' })],
    finds: [[50, 'parentGone']],
  },
  {
    what: 'a zombie among the members',
    rows: [row({ pid: 50 }), row({ pid: 51, parent: 50, alive: false, cwd: undefined })],
    finds: [[50, 'parentGone']],
  },

  { what: 'nothing in a folder whose name only begins alike', rows: [row({ cwd: `${workspace}-2` })] },
  { what: 'nothing whose command line names a longer path', rows: [row({ cwd: '/', argv: ['node', `${workspace}-2/server.js`] })] },
  {
    what: 'nothing whose command line has the path inside another one',
    rows: [row({ cwd: '/', argv: ['node', `/backup${workspace}/server.js`] })],
  },
  { what: 'nothing elsewhere', rows: [row({ cwd: '/home/me/other' }), row({ cwd: undefined })] },
  { what: 'no zombie', rows: [row({ alive: false })] },
  { what: 'nothing with a terminal', rows: [row({ hasTerminal: true })] },
  {
    what: 'nothing below a shell with a terminal',
    rows: [row({ pid: 50, cwd: '/home/me', hasTerminal: true, name: 'bash' }), row({ parent: 50 })],
  },
  { what: 'nothing that has a descendant with a terminal', rows: [row({ pid: 50 }), row({ pid: 51, parent: 50, hasTerminal: true })] },
  { what: 'no process of another user', rows: [row({ isOwned: false })] },
  { what: 'nothing below a process of another user', rows: [row({ pid: 50, isOwned: false, name: 'cron' }), row({ parent: 50 })] },
  {
    what: 'one whose program is in the workspace, wherever it runs',
    rows: [row({ pid: 50, cwd: '/', argv: ['./server'], executable: `${workspace}/target/server` })],
    finds: [[50, 'parentGone']],
  },
  { what: 'nothing of which only the name says so', rows: [row({ cwd: '/', argv: ['./server'], executable: `${workspace}-2/server` })] },
  { what: 'nothing with a descendant of another user', rows: [row({ pid: 50 }), row({ parent: 50, isOwned: false })] },
  { what: 'nothing below the window that looks', rows: [row({ parent: 801 }), row({ parent: 802 })] },
  {
    what: 'nothing below another process that is no orphan of the workspace',
    rows: [row({ pid: 50, cwd: '/home/me', argv: ['my-daemon'] }), row({ parent: 50 })],
  },
  {
    what: 'no service',
    rows: [
      row({ cgroup: '/user.slice/user-1000.slice/user@1000.service/app.slice/web.service' }),
      row({ cgroup: '/system.slice/web.service' }),
    ],
  },
  { what: 'nothing whose group cannot be seen', rows: [row({ cgroup: undefined })] },
  { what: 'no tree of Tree Warden', rows: [row({ isMarked: true }), row({ pid: 77 }), row({ limitMark: 4711 })] },
  { what: 'one with a mark that is no tree’s any more', rows: [row({ pid: 50, limitMark: 4712 })], finds: [[50, 'parentGone']] },
  { what: 'nothing with a descendant that is one', rows: [row({ pid: 50 }), row({ parent: 50, isMarked: true })] },
  { what: 'nothing whose window is open', rows: [row({ env: { VSCODE_IPC_HOOK_CLI: windowSocket } })], sockets: { [windowSocket]: true } },
  { what: 'nothing whose window may be open', rows: [row({ env: { VSCODE_IPC_HOOK_CLI: windowSocket } })] },
  {
    what: 'nothing whose window cannot be seen from here',
    rows: [
      row({ env: { VSCODE_IPC_HOOK_CLI: windowSocket }, sharesNames: false }),
      row({ env: { VSCODE_IPC_HOOK: windowSocket }, sharesNames: false }),
      row({ env: { VSCODE_PID: '4000000' }, sharesNames: false }),
    ],
    sockets: { [windowSocket]: false },
  },
  {
    what: 'nothing of which one of two sockets is served',
    rows: [row({ env: { VSCODE_IPC_HOOK_CLI: windowSocket, VSCODE_GIT_IPC_HANDLE: '/run/git.sock' } })],
    sockets: { [windowSocket]: false, '/run/git.sock': true },
  },
  { what: 'nothing whose editor runs', rows: [row({ startTime: 6000, env: { VSCODE_PID: '800' } })] },
  { what: 'nothing whose editor has no readable pid', rows: [row({ env: { VSCODE_PID: 'x' } })] },
  {
    what: 'nothing that an agent has started which is at work',
    rows: [
      row({ pid: 60, hasTerminal: true, name: 'claude', argv: ['claude'], startTime: 4000 }),
      row({ env: { CLAUDECODE: '1' } }),
      row({ env: { CLAUDECODE: '1', VSCODE_IPC_HOOK_CLI: windowSocket } }),
    ],
    sockets: { [windowSocket]: false },
  },
  {
    what: 'nothing whose descendant’s window is open',
    rows: [row({ pid: 50 }), row({ parent: 50, env: { VSCODE_IPC_HOOK_CLI: windowSocket } })],
  },
  {
    what: 'nothing in the background of a session that is alive',
    rows: [row({ pid: 60, parent: 800, name: 'bash', argv: ['bash'] }), row({ session: 60 })],
  },
  ...[
    ['code', ['/usr/share/code/code', workspace]],
    ['node', ['node', '/opt/server/out/server-main.js', '--port=0']],
    ['node', ['/home/me/.vscode-server/bin/1/node', '/home/me/.vscode-server/bin/1/out/bootstrap-fork', '--type=ptyHost']],
    ['node', ['node', '/usr/lib/code-server/out/node/entry.js']],
    ['cursor', ['/opt/cursor/cursor', '--type=utility']],
    ['nvim', ['nvim', '--embed', 'a.ts']],
    ['tmux: server', ['tmux', 'new-session', '-d']],
    ['screen', ['SCREEN', '-dmS', 'dev']],
    ['zellij', ['/usr/bin/zellij', '--server', '/run/zellij']],
    ['sshd', ['sshd: me@pts/0']],
    ['sshd-session', ['sshd-session: me [priv]']],
    ['mosh-server', ['mosh-server', 'new']],
    ['gnome-terminal-', ['/usr/libexec/gnome-terminal-server']],
    ['claude', ['claude', '-p', 'fix it']],
    ['node', ['node', '/usr/local/bin/codex', 'exec']],
    ['python3', ['python3', '/home/me/.local/bin/aider']],
    ['conmon', ['/usr/bin/conmon', '-c', '1']],
    ['containerd-shim', ['/usr/bin/containerd-shim-runc-v2', '-id', '1']],
    ['docker', ['docker', 'compose', 'up']],
    ['bazel(shop)', ['bazel(shop)', '-XX:+HeapDumpOnOutOfMemoryError', workspace]],
    ['java', ['java', '-cp', 'x.jar', 'org.gradle.launcher.daemon.bootstrap.GradleDaemon', '8']],
    ['node', ['node', `${workspace}/node_modules/nx/src/daemon/server/start.js`]],
    ['git', ['git', 'fsmonitor--daemon', 'run']],
    ['watchman', ['/usr/bin/watchman', '--foreground']],
    ['PM2 v5.4.2: God', ['PM2 v5.4.2: God Daemon (/home/me/.pm2)']],
    ['supervisord', ['/usr/bin/python3', '/usr/bin/supervisord', '-c', 'x']],
    ['python3', ['python3', '-m', 'ipykernel_launcher', '-f', 'x.json']],
    ['chrome_crashpad', ['/usr/lib/chromium/chrome_crashpad_handler', '--monitor-self']],
    ['git', ['git', 'gc', '--auto', '--detach']],
    ['ssh', ['ssh: /home/me/.ssh/cm-1 [mux]']],
    ['firefox', ['/usr/lib/firefox/firefox', 'http://localhost:5173']],
    ['chrome', ['/opt/google/chrome/chrome', '--profile-directory=Default', 'http://localhost:5173']],
    ['biome', ['/shop/node_modules/@biomejs/cli-linux-x64/biome', '__run_server']],
    ['evince', ['evince', 'manual.pdf']],
    ['eslint_d', ['node', '/home/me/node_modules/.bin/eslint_d']],
    ['node', ['node', '/home/me/.vscode/extensions/tree-warden.tree-warden-0.1.0/dist/warden.js', 'serve']],
    ['sh', ['sh', '-c', 'read x; '.repeat(1000), 'tree-warden-switch', '/run/tree-warden/1']],
    ['systemd', ['/usr/lib/systemd/systemd', '--user']],
  ].map(([name, argv]) => ({
    what: `nothing of ${String(name)} (${(argv as string[]).join(' ').slice(0, 40)})`,
    rows: [row({ name: name as string, argv: argv as string[] })],
  })),
];

describe('the search for processes left behind', () => {
  for (const { what, rows, finds = [], sockets = {}, cgroup } of cases)
    it(`${finds.length > 0 ? 'finds ' : 'offers '}${what}`, () => {
      const changes = { sockets: new Map(Object.entries(sockets)), ...(cgroup !== undefined && { cgroup }) };
      assert.deepEqual(found(rows, changes), finds);
    });

  it('offers nothing below a program that holds a session', () => {
    for (const argv of [['tmux', 'new', '-d'], ['/usr/bin/code-server'], ['claude'], ['sshd: me@notty']])
      assert.deepEqual(found([row({ pid: 50, name: 'x', argv }), row({ parent: 50 })]), []);
  });

  it('offers nothing where the first process is a shell or an editor, as in a container', () => {
    for (const first of [
      { hasTerminal: true, name: 'bash', argv: ['bash'] },
      { name: 'node', argv: ['node', '/x/out/server-main.js'] },
      // It starts its program in a session of its own.
      { name: 'dumb-init', argv: ['/usr/bin/dumb-init', '--', 'node', 'server.js'] },
    ])
      assert.deepEqual(findLeftBehind([{ ...init, ...first }, row()], { ...around, self: 0 }), []);
    assert.deepEqual(findLeftBehind([row()], around), [], 'nor where it cannot be seen');
  });

  it('gives all that descends from it, parents first', () => {
    const rows = [row({ pid: 52, parent: 51, cwd: '/' }), row({ pid: 51, parent: 50 }), row({ pid: 50 })];
    const [one] = findLeftBehind([...always, ...rows], around);
    assert.deepEqual(
      one?.members.map(({ pid }) => pid),
      [50, 51, 52],
    );
  });

  it('ends at parents that go round in a circle', () => {
    assert.deepEqual(found([row({ pid: 50, parent: 51 }), row({ pid: 51, parent: 50 })]), []);
  });

  it('finds every planted process among a thousand others, and none of those', async () => {
    const foreign = fc.record({
      parent: fc.nat(1200),
      session: fc.nat(1200),
      hasTerminal: fc.boolean(),
      isOwned: fc.boolean(),
      cwd: fc.constantFrom('/', '/home/me', '/home/me/other', `${workspace}2`, undefined),
      argv: fc.constantFrom(['node', 'server.js'], ['bash'], ['tmux'], ['code', '/home/me/other'], [], ['python3', '-m', 'http.server']),
      cgroup: fc.constantFrom('', '/system.slice/a.service', '/user.slice/session-2.scope', undefined),
      isMarked: fc.boolean(),
      alive: fc.boolean(),
    });
    const inputs = fc.tuple(fc.array(foreign, { minLength: 1000, maxLength: 1000 }), fc.uniqueArray(fc.nat(999), { maxLength: 20 }));
    await holdsFor(
      inputs,
      ([strangers, places]) => {
        const rows = strangers.map((one, index) =>
          row({ ...one, pid: 10_000 + index, parent: one.parent < 200 ? 1 : 10_000 + one.parent - 200 }),
        );
        // Each has two children, and stands somewhere in the table.
        const planted = places.map((_, index) => 20_000 + index * 3);
        places.forEach((place, index) => {
          const pid = 20_000 + index * 3;
          const cwd = index % 2 === 0 ? workspace : `${worktree}/src`;
          rows.splice(place, 0, row({ pid: pid + 1, parent: pid, cwd: '/' }), row({ pid, parent: index % 3 === 0 ? 900 : 1, cwd }));
        });
        const pids = found(rows).map(([pid]) => pid);
        assert.deepEqual(pids.sort(), planted.sort());
      },
      0.2,
    );
  });
});
