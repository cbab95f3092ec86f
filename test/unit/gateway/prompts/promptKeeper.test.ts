import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Launched, Launcher, LaunchListener } from '../../../../src/gateway/launcher.ts';
import { PromptKeeper, swapReason } from '../../../../src/gateway/prompts/promptKeeper.ts';
import type { TreeId } from '../../../../src/protocol/identity.ts';
import type { ModelRequest } from '../../../../src/protocol/models.ts';

const listener: LaunchListener = { onProgress: () => undefined, onHealth: () => undefined, isGivenUp: () => false };

/** Slots as llama-server has them (tools/server/README.md), and a launcher for servers that all are this one. */
class World implements Launcher, AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'tw-keeper-'));
  /** Number of tokens in each slot. */
  slots: number[] = [0, 0];
  /** Status of all answers. */
  status = 200;
  readonly ends: string[] = [];
  readonly #server: Server;
  #port = 0;
  #launches = 0;

  constructor() {
    this.#server = createServer(async (request, response) => {
      const text = await new Response(request as never).text();
      const answer = this.#answer(request.url ?? '', text === '' ? '' : (JSON.parse(text) as { filename: string }).filename);
      response.writeHead(this.status).end(JSON.stringify(answer));
    });
  }

  async open(): Promise<PromptKeeper> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
    return new PromptKeeper(this);
  }

  launch(model: ModelRequest, instance: number): Promise<Launched> {
    const tree = `${model.name}-${instance}-${++this.#launches}` as TreeId;
    const promptFolder = model.prompts && { promptFolder: this.folder };
    return Promise.resolve({
      tree,
      name: model.name,
      port: this.#port,
      ready: Promise.resolve(),
      ended: new Promise(() => undefined),
      ...promptFolder,
    });
  }

  takeOver(): Launched {
    throw new Error('it is not asked to');
  }

  end(_launched: Pick<Launched, 'tree'>, reason: string): Promise<void> {
    this.ends.push(reason);
    this.slots = this.slots.map(() => 0);
    return Promise.resolve();
  }

  get files(): string[] {
    return readdirSync(this.folder).sort();
  }

  #answer(url: string, filename: string): unknown {
    if (this.status !== 200) return { error: { message: 'Not Implemented' } };
    if (url === '/props') return { total_slots: this.slots.length };
    const slot = Number(url.match(/^\/slots\/(\d+)\?/)?.[1]);
    const file = join(this.folder, filename);
    if (url.endsWith('=save')) {
      writeFileSync(file, String(this.slots[slot]));
      return { id_slot: slot, filename, n_saved: this.slots[slot] };
    }
    this.slots[slot] = Number(readFileSync(file, 'utf8'));
    return { id_slot: slot, filename, n_restored: this.slots[slot] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.folder, { recursive: true });
  }
}

const model = { name: 'coder', prompts: { file: 'small.gguf', option: '--slot-save-path' } } as ModelRequest;

async function loaded(keeper: PromptKeeper, request = model): Promise<Launched> {
  const launched = await keeper.launch(request, 1, listener);
  await launched.ready;
  return launched;
}

describe('the prompts of a server', () => {
  it('are saved when it is unloaded for another model, and restored once', async () => {
    await using world = new World();
    const keeper = await world.open();
    const first = await loaded(keeper);
    world.slots = [500, 0];
    await keeper.end(first, swapReason);
    assert.deepEqual([world.ends, world.files], [['unloaded for another model; 500 tokens of its prompts are saved'], ['1-0.bin']]);
    await loaded(keeper);
    assert.deepEqual([world.slots, world.files], [[500, 0], []]);
  });

  it('are saved although their folder was taken away as empty', async () => {
    await using world = new World();
    const keeper = await world.open();
    const first = await loaded(keeper);
    world.slots = [500, 0];
    rmdirSync(world.folder);
    await keeper.end(first, swapReason);
    assert.deepEqual([world.ends, world.files], [['unloaded for another model; 500 tokens of its prompts are saved'], ['1-0.bin']]);
  });

  it('are lost when it is ended for another reason, or had none', async () => {
    await using world = new World();
    const keeper = await world.open();
    const first = await loaded(keeper);
    world.slots = [500, 0];
    await keeper.end(first, 'unloaded');
    await keeper.end(await loaded(keeper), swapReason);
    assert.deepEqual([world.ends, world.files], [['unloaded', swapReason], []]);
  });

  it('are not asked for where the model does not want that', async () => {
    await using world = new World();
    const keeper = await world.open();
    world.status = 500;
    await keeper.end(await loaded(keeper, { name: 'coder' } as ModelRequest), swapReason);
    assert.deepEqual(world.ends, [swapReason]);
  });

  it('that cannot be saved or restored hold nothing up', async () => {
    await using world = new World();
    const keeper = await world.open();
    const first = await loaded(keeper);
    world.slots = [500, 0];
    await keeper.end(first, swapReason);
    world.status = 501;
    await keeper.end(await loaded(keeper), swapReason);
    assert.deepEqual(world.ends.slice(1), ['unloaded for another model; its prompts could not be saved']);
    assert.deepEqual(world.files, []);
  });

  it('are not saved any more when they were of no use twice in a row', async () => {
    await using world = new World();
    const keeper = await world.open();
    // Of each load: what the answers after it say of the cache; the first one that says something counts.
    for (const cached of [[undefined], [20, 400], [undefined, 300], [0], [20]]) {
      const launched = await loaded(keeper);
      for (const tokens of cached)
        keeper.answered(launched.tree, { inputTokens: 500, ...(tokens !== undefined && { cachedTokens: tokens }) });
      world.slots = [500, 0];
      await keeper.end(launched, swapReason);
    }
    const saved = 'unloaded for another model; 500 tokens of its prompts are saved';
    const dropped = 'unloaded for another model; its prompts are not saved any more: the last 2 that were restored were of no use';
    assert.deepEqual(world.ends, [saved, saved, saved, saved, dropped]);
    assert.deepEqual(world.files, []);
  });
});
