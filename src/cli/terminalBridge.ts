import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import type { ReadStream, WriteStream } from 'node:tty';
import type { WardenClient } from '../client/wardenClient.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { Dimensions } from '../protocol/startRequest.ts';
import {
  ctrlZStops,
  isInForeground,
  keepSettingsAtExit,
  keyboardIsTaken,
  leaveNewlinesAlone,
  openKeyboard,
  openScreen,
  printsIntoPipe,
  readsTerminal,
  streamsOnTerminal,
} from './ownTerminal.ts';

/** What a terminal's Ctrl-Z is. */
const ctrlZ = 0x1a;
/** How often it is looked whose turn it is on our own terminal, in milliseconds: nothing tells of it. */
const turnMillis = 200;
/** How long a pager behind a pipe has to open the terminal before the keys are taken, in milliseconds. */
const pagerMillis = 600;

export interface BridgedTree {
  readonly client: WardenClient;
  readonly id: TreeId;
  readonly leader: number;
  /** False where its container has a process of its own in front. */
  readonly leaderIsCommand: boolean;
}

/**
 * Between the user's terminal and the tree's: what is typed goes there as it is, what is drawn comes back as it is, sizes are passed on.
 * A command is on a terminal of its own because it has to be in a session of its own: everything that it starts is known by that, and
 * a session has one terminal only. Of our own terminal, keys are taken only while that is ours to do.
 */
export class TerminalBridge {
  /** Resolves when all of the tree's output has been written. */
  readonly drained: Promise<unknown>;
  readonly #tree: BridgedTree;
  readonly #screen: WriteStream | undefined;
  readonly #turns: NodeJS.Timeout;
  readonly #suspend: () => void;
  readonly #onInput = (data: Buffer): void => this.#type(data);
  #keyboard: ReadStream | undefined;
  #attached = false;
  /** Its settings have been changed, and not given back. */
  #isRaw = false;
  /** Another process may read the same keyboard. */
  readonly #sharesKeyboard = printsIntoPipe();
  readonly #began = performance.now();

  /** `suspend`: stops the tree and this process, as a job that is stopped. */
  constructor(tree: BridgedTree, suspend: () => void) {
    this.#tree = tree;
    this.#suspend = suspend;
    this.#screen = openScreen();
    if (this.#sharesKeyboard) keepSettingsAtExit();
    // A terminal that has gone is told by SIGHUP.
    this.#screen?.on('error', () => undefined);
    this.#turns = setInterval(() => this.takeTurn(), turnMillis);
    // Before the first byte is written, so that none is echoed or waited for by the line.
    this.takeTurn();
    const { client, id } = tree;
    const output = client.readOutput({ tree: id, from: 0, whenBehind: 'wait', follow: true }, { onChunk: (chunk) => this.#draw(chunk) });
    this.drained = output.ended;
  }

  /** This process was stopped, and goes on. */
  continued(): void {
    if (this.#attached && isInForeground() && this.#keyboard) this.#makeRaw(this.#keyboard);
    this.takeTurn();
  }

  /** Takes the keys, or leaves them alone. */
  takeTurn(): void {
    const wanted = isInForeground() && (this.#typesFromStart ? !this.#leavesKeyboard() : readsTerminal(this.#tree.leader));
    if (wanted === this.#attached) return;
    if (wanted) this.#attach();
    // Only where another process has taken them, which has its own settings by now.
    else if (isInForeground() && this.#typesFromStart) this.#letGo();
    else this.release();
  }

  /** Gives the terminal back as it was found. */
  release(): void {
    this.#letGo();
    // To a process in the background, that would be forbidden; and another one has it as it wants it.
    if (this.#isRaw && isInForeground()) this.#keyboard?.setRawMode(false);
    this.#isRaw = false;
  }

  /** Leaves the keys to another process, and the terminal as that process has set it by now. */
  #letGo(): void {
    this.#attached = false;
    this.#keyboard?.off('data', this.#onInput);
    this.#keyboard?.pause();
  }

  /** False where its size is what it was. */
  resize(): boolean {
    const size = sizeOf(this.#screen);
    const changed = size.columns !== this.#size.columns || size.rows !== this.#size.rows;
    this.#size = size;
    if (changed) this.#tree.client.resize(this.#tree.id, size);
    return changed;
  }

  close(): void {
    clearInterval(this.#turns);
    this.release();
    if (this.#keyboard !== undefined && this.#keyboard !== process.stdin) this.#keyboard.destroy();
  }

  #size: Dimensions = terminalSize();

  /** A command whose stdin is a terminal may read it at any time; any other one has to open it first. */
  get #typesFromStart(): boolean {
    const [stdin] = streamsOnTerminal();
    return stdin;
  }

  #leavesKeyboard(): boolean {
    if (!this.#sharesKeyboard) return false;
    return performance.now() - this.#began < pagerMillis || keyboardIsTaken();
  }

  #attach(): void {
    this.#keyboard ??= openKeyboard();
    if (this.#keyboard === undefined) return;
    this.#attached = true;
    this.#keyboard.on('error', () => undefined);
    this.#makeRaw(this.#keyboard);
    this.#keyboard.on('data', this.#onInput);
    this.#keyboard.resume();
    this.resize();
  }

  /** Node does nothing where it believes that this is so already; a shell may have undone it meanwhile. */
  #makeRaw(keyboard: ReadStream): void {
    keyboard.setRawMode(false);
    keyboard.setRawMode(true);
    this.#isRaw = true;
    leaveNewlinesAlone(keyboard);
  }

  #type(data: Buffer): void {
    const { client, id, leader, leaderIsCommand } = this.#tree;
    const suspends = data.includes(ctrlZ) && ctrlZStops(leader, leaderIsCommand);
    client.input(id, data);
    if (suspends) this.#suspend();
  }

  async #draw(chunk: Buffer): Promise<void> {
    // Where our own terminal is not raw, it makes newlines of its own.
    const drawn = this.#attached ? chunk : Buffer.from(chunk.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
    if (this.#screen?.write(drawn) === false) await once(this.#screen, 'drain');
  }
}

/** Of the terminal that this process is on. */
export function terminalSize(): Dimensions {
  return sizeOf([process.stdout, process.stderr].find(({ isTTY }) => isTTY));
}

function sizeOf(screen: WriteStream | undefined): Dimensions {
  return { columns: screen?.columns || 80, rows: screen?.rows || 24 };
}
