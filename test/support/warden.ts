import { join } from 'node:path';
import { takeOverWarden } from '../../src/client/otherWardens.ts';
import { connectToWarden, type WardenClient } from '../../src/client/wardenClient.ts';
import { type OwnedWarden, WardenProcess, type WardenProcessOptions } from '../../src/client/wardenProcess.ts';
import type { TreeId } from '../../src/protocol/identity.ts';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import type { StartRequest } from '../../src/protocol/startRequest.ts';
import { parseStop } from '../../src/protocol/stopSteps.ts';
import { socketPath } from '../../src/records/records.ts';
import { eventually, Run, wardenScript } from './run.ts';

/** Of what is to end by itself when it is asked to: on a machine that is busy, the short grace may be over before it has. */
export const patientStop = parseStop(['SIGTERM', '1m']);

/** A warden that the test itself owns, in a run's folder. */
export class TestWarden implements AsyncDisposable {
  readonly run: Run;
  readonly process: WardenProcess;
  readonly alerts: string[] = [];
  #readers = 0;

  static async start(
    env: NodeJS.ProcessEnv = {},
    logFolder?: string,
    limits: WardenProcessOptions['limits'] = {},
    more: Partial<Pick<WardenProcessOptions, 'script' | 'metricsPort' | 'keepHistory'>> = {},
  ): Promise<TestWarden> {
    const run = new Run(env);
    const folder = logFolder ?? join(run.folder, 'state', 'tree-warden', 'logs');
    const process = await WardenProcess.start({
      script: wardenScript,
      client: 'test',
      workspace: run.folder,
      window: windowOf(run),
      logFolder: folder,
      limits,
      ...more,
      env: run.env,
    });
    return new TestWarden(run, process);
  }

  private constructor(run: Run, process: WardenProcess) {
    this.run = run;
    this.process = process;
    process.client.onAlert(({ message }) => this.alerts.push(message));
  }

  get window(): string {
    return windowOf(this.run);
  }

  /** Lets go of the warden without a word, as a process does that ends. */
  disconnect(): void {
    this.process.disconnect();
  }

  get client(): WardenClient {
    return this.process.client;
  }

  /** Starts a shell command on pipes, with a short grace; `changes` on top. */
  startShell(script: string, changes: Partial<StartRequest> = {}): Promise<TreeSnapshot> {
    return this.client.start(this.request(['/bin/sh', '-c', script, this.run.workFolder], changes));
  }

  request(argv: StartRequest['argv'], changes: Partial<StartRequest> = {}): StartRequest {
    return {
      name: 'test',
      argv,
      cwd: this.run.workFolder,
      env: {},
      stdio: 'pipes',
      stop: parseStop(['SIGTERM', '300ms']),
      whenLeaderExits: 'kill',
      containment: 'auto',
      ...changes,
    };
  }

  /** All snapshots of trees that the warden tells of from now on, at each transition: also those of states that do not last. */
  async recordSnapshots(): Promise<readonly TreeSnapshot[]> {
    const snapshots: TreeSnapshot[] = [];
    this.client.onTrees((trees) => void snapshots.push(...trees));
    await this.client.watch(0);
    return snapshots;
  }

  async tree(id: TreeId): Promise<TreeSnapshot> {
    const found = (await this.client.list()).find((tree) => tree.id === id);
    if (!found) throw new Error(`tree ${id} is not listed`);
    return found;
  }

  ended(id: TreeId): Promise<TreeSnapshot> {
    return eventually('the tree has ended', async () => {
      const tree = await this.tree(id);
      return tree.endedAt === undefined ? undefined : tree;
    });
  }

  stop(id: TreeId, now = false): Promise<TreeSnapshot> {
    return this.client.stop({ tree: id, now, reason: 'stopped by the test' });
  }

  /** All that has happened until now: lines are written in their order, and a moment later. */
  async journal(): Promise<Record<string, unknown>[]> {
    const reader = `reader ${++this.#readers} of the journal`;
    (await connectToWarden(socketPath(this.client.welcome.folder), reader)).dispose();
    return await eventually('all is written', () => {
      const records = this.run.journal();
      return records.some(({ event, reason }) => event === 'client-connected' && reason === reader) && records;
    });
  }

  /** All output until the tree ends, or until `enough` says so. */
  async output(tree: TreeId, enough: (text: string) => boolean = () => false): Promise<string> {
    let text = '';
    const output = this.client.readOutput(
      { tree, from: 0, whenBehind: 'wait', follow: true },
      {
        onChunk: (chunk) => {
          text += chunk;
          if (enough(text)) output.cancel();
        },
      },
    );
    await output.complete();
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.shutdown('the test is over', true).catch(() => undefined);
    await this.process.ended;
    await this.run[Symbol.asyncDispose]();
  }
}

function windowOf(run: Run): string {
  return `file://${run.folder}`;
}

/** As a reloaded window does; undefined where no warden waits for it. The client side looks for records where the environment says. */
export async function claim(warden: TestWarden): Promise<OwnedWarden | undefined> {
  const before = process.env['TREE_WARDEN_RUNTIME_DIR'];
  process.env['TREE_WARDEN_RUNTIME_DIR'] = warden.run.runtimeFolder;
  try {
    return await takeOverWarden(wardenScript, { window: warden.window, workspace: 'test' }, 'reloaded');
  } finally {
    if (before === undefined) delete process.env['TREE_WARDEN_RUNTIME_DIR'];
    else process.env['TREE_WARDEN_RUNTIME_DIR'] = before;
  }
}
