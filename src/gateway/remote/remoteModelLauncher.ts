import { isDeepStrictEqual } from 'node:util';
import type { TreeId } from '../../protocol/identity.ts';
import type { ModelRequest } from '../../protocol/models.ts';
import type { RemoteUpstream } from '../../protocol/remoteModels.ts';
import type { InstanceEnd, Launched, Launcher, LaunchListener } from '../launcher.ts';
import { remoteConnections } from './remoteConnections.ts';
import { pauseAfter, RemoteHealth } from './remoteHealth.ts';

/** Of a model whose server did not answer when it was to be used. */
interface Attempt {
  readonly remote: RemoteUpstream;
  readonly failures: number;
  /** By performance.now(); before that, the reason is the answer. */
  readonly mayRetryAt: number;
  readonly reason: string;
}

/** Begins the names of what stands for a server elsewhere; no tree of a warden has one like it. */
const prefix = 'remote/';

/** Adds models that servers elsewhere answer for to a launcher: no process is started for them, and none has to end. */
export class RemoteModelLauncher implements Launcher {
  readonly #servers: Launcher;
  readonly #ends = new Map<TreeId, () => void>();
  readonly #attempts = new Map<string, Attempt>();
  #launches = 0;

  /** @param servers Of all other models. */
  constructor(servers: Launcher) {
    this.#servers = servers;
  }

  async launch(model: ModelRequest, instance: number, listener: LaunchListener): Promise<Launched> {
    return model.remote ? this.#connect(model.name, model.remote, listener) : await this.#servers.launch(model, instance, listener);
  }

  takeOver(...[server, listener]: Parameters<Launcher['takeOver']>): Launched {
    return this.#servers.takeOver(server, listener);
  }

  async end(launched: Pick<Launched, 'tree' | 'name'>, reason: string): Promise<void> {
    if (!launched.tree.startsWith(prefix)) return await this.#servers.end(launched, reason);
    this.#ends.get(launched.tree)?.();
  }

  #connect(name: string, remote: RemoteUpstream, listener: LaunchListener): Launched {
    if (remote.problem !== undefined) throw new Error(remote.problem);
    const before = this.#attempts.get(name);
    if (before && isDeepStrictEqual(before.remote, remote) && performance.now() < before.mayRetryAt) throw new Error(before.reason);
    const health = new RemoteHealth(
      remote,
      () => connections,
      (problem) => listener.onHealth(problem === undefined, problem),
    );
    const connections = remoteConnections(remote, {
      onAnswer: (status) => health.answered(status),
      onFailure: (reason) => health.failed(reason),
    });
    const tree = `${prefix}${name}/${++this.#launches}` as TreeId;
    const ended = new Promise<InstanceEnd>((resolve) => {
      this.#ends.set(tree, () => {
        this.#ends.delete(tree);
        health.stop();
        void connections.destroy();
        resolve({ reason: 'was ended', wanted: true });
      });
    });
    const ready = this.#firstLook(name, remote, health);
    // It is heard by the caller, which may not be interested any more.
    ready.catch(() => undefined);
    return { tree, name, port: 0, connections, ready, ended };
  }

  /** Where it fails, the next one is not before a pause has passed. */
  async #firstLook(name: string, remote: RemoteUpstream, health: RemoteHealth): Promise<void> {
    const reason = await health.look();
    if (reason === undefined) {
      this.#attempts.delete(name);
      return;
    }
    const before = this.#attempts.get(name);
    const failures = before && isDeepStrictEqual(before.remote, remote) ? before.failures + 1 : 0;
    this.#attempts.set(name, { remote, failures, reason, mayRetryAt: performance.now() + pauseAfter(failures) });
    throw new Error(reason);
  }
}
