/** Runs what is about to be packed, far from this folder's own packages: whether native calls, terminals and models work. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** @throws Error that says what does not work. */
export async function tryOut(stage: string): Promise<void> {
  const env = { ...process.env, TREE_WARDEN_RUNTIME_DIR: join(stage, 'runtime'), XDG_STATE_HOME: join(stage, 'state') };
  const cli = join(stage, 'dist', 'cli.js');
  const trial = { cwd: stage, env, cli };
  tryTerminal(trial);
  mkdirSync(join(stage, '.vscode'));
  await tryModels(trial);
  for (const folder of ['runtime', 'state', '.vscode']) rmSync(join(stage, folder), { recursive: true, force: true });
}

interface Trial {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly cli: string;
}

/** A word on stderr is a missing file. */
function tryTerminal({ cwd, env, cli }: Trial): void {
  const command = `${process.execPath} ${cli} run -- tty`;
  const { stdout, status } = spawnSync('script', ['-qec', command, '/dev/null'], { cwd, env, encoding: 'utf8' });
  if (status !== 0 || !/^\/dev\/pts\/\d+\s*$/.test(stdout)) throw new Error(`What was packed does not work: ${stdout}`);
}

async function tryModels({ cwd, env, cli }: Trial): Promise<void> {
  const server = 'require("node:http").createServer((_, response) => response.end("served")).listen(process.argv[1], "127.0.0.1")';
  const models = { tried: { runtime: 'custom', command: [process.execPath, '-e', server, '${port}'] } };
  writeFileSync(join(cwd, '.vscode', 'processes.json'), JSON.stringify({ models }));
  const gateway = spawn(process.execPath, [cli, 'gateway', '--json'], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(createInterface({ input: gateway.stdout }), 'line')) as [string];
    const { url, token } = JSON.parse(line) as { url: string; token: string };
    const answer = await (await fetch(`${url}/upstream/tried/`, { headers: { authorization: `Bearer ${token}` } })).text();
    if (answer !== 'served') throw new Error(`What was packed serves no models: ${answer}`);
  } finally {
    gateway.kill('SIGTERM');
    await once(gateway, 'exit');
  }
}
