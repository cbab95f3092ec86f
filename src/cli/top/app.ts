import { emitKeypressEvents, type Key } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import { errorText } from '../../protocol/errors.ts';
import { frameOf, type LineMode, layoutOf, type Mode } from './frame.ts';
import { OutputPane } from './outputPane.ts';
import { Screen } from './screen.ts';
import { fitted } from './text.ts';
import { actionOf, editedLine, maxLine, pastedLine, type TopAction } from './topKeys.ts';
import type { TopRow, TopSource, TopVerb } from './topModel.ts';

/** Minimum time between two frames, in milliseconds. */
const frameMillis = 50;
/** Pause behind each piece of output, which has up to 64 KiB, in milliseconds: more than this is not read, and what is not followed is left out. */
const readingMillis = 25;
/** Time of the clock and of running times, in milliseconds. */
const clockMillis = 1000;
/** How long a row is selected before its output is asked for, in milliseconds: a held key passes many. */
const selectMillis = 120;
/** How long a message is shown, in milliseconds. */
const messageMillis = 10_000;

export interface TopOptions {
  readonly keyboard: ReadStream;
  readonly output: WriteStream;
  readonly colours: boolean;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Until the user quits; the terminal is then as it was. */
export async function showTop(source: TopSource, options: TopOptions): Promise<void> {
  const { warn } = console;
  // The emulator tells by this, which cannot be turned off, that a resize of its buffer took long: in the middle of our screen.
  console.warn = () => undefined;
  try {
    using app = new TopApp(source, options);
    await app.quit;
  } finally {
    console.warn = warn;
  }
}

class TopApp implements Disposable {
  readonly quit: Promise<void>;
  readonly #source: TopSource;
  readonly #options: TopOptions;
  readonly #screen: Screen;
  readonly #open = new Set<string>();
  readonly #clock: NodeJS.Timeout;
  #end: () => void = () => undefined;
  #mode: Mode = { at: 'list' };
  #selectedKey = '';
  #filter = '';
  #message = '';
  #messageTimer: NodeJS.Timeout | undefined;
  #onYes: () => void = () => undefined;
  #pane: OutputPane | undefined;
  #following: Disposable | undefined;
  #shown = '';
  #selectTimer: NodeJS.Timeout | undefined;
  #scrolledBy = 0;
  #frameTimer: NodeJS.Timeout | undefined;
  #isStale = false;
  #isPasting = false;

  constructor(source: TopSource, options: TopOptions) {
    this.#source = source;
    this.#options = options;
    this.quit = new Promise((resolve) => {
      this.#end = resolve;
    });
    const { keyboard, output } = options;
    emitKeypressEvents(keyboard);
    this.#screen = new Screen(keyboard, output);
    keyboard.on('keypress', this.#onKey);
    keyboard.on('end', this.#onGone);
    output.on('resize', this.#onResize);
    process.on('SIGCONT', this.#onContinue);
    process.on('SIGTSTP', this.#onSuspend);
    this.#clock = setInterval(() => this.#changed(), clockMillis);
    options.signal.addEventListener('abort', this.#onGone);
    source.listen(
      () => this.#changed(),
      // Until another one, or Escape.
      (sentence) => this.#say(sentence, true),
    );
    this.#changed();
  }

  [Symbol.dispose](): void {
    const { keyboard, output } = this.#options;
    for (const timer of [this.#clock, this.#messageTimer, this.#selectTimer, this.#frameTimer]) clearTimeout(timer);
    keyboard.off('keypress', this.#onKey);
    keyboard.off('end', this.#onGone);
    output.off('resize', this.#onResize);
    process.off('SIGCONT', this.#onContinue);
    process.off('SIGTSTP', this.#onSuspend);
    this.#following?.[Symbol.dispose]();
    this.#pane?.[Symbol.dispose]();
    this.#screen[Symbol.dispose]();
  }

  readonly #onGone = (): void => this.#end();

  readonly #onResize = (): void => {
    this.#screen.redraw();
    this.#changed();
  };

  /** It was stopped, and goes on: a shell has had the terminal meanwhile. */
  readonly #onContinue = (): void => {
    this.#screen.open();
    this.#changed();
  };

  readonly #onSuspend = (): void => this.#suspend(process.pid);

  readonly #onKey = (text: string | undefined, key: Key): void => {
    try {
      this.#press(text ?? '', key);
    } catch (error) {
      this.#say(errorText(error));
    }
    this.#changed();
  };

  get #rows(): readonly TopRow[] {
    const words = this.#filter.toLowerCase().split(/\s+/).filter(Boolean);
    const matches = ({ label, state, ports, pid, place, note }: TopRow): boolean =>
      words.every((word) => `${label} ${state} ${ports} ${pid ?? ''} ${place} ${note}`.toLowerCase().includes(word));
    const all = this.#source.rows;
    const kept = new Set(all.filter(matches).map(({ warden, name }) => `${warden} ${name}`));
    return all.filter((row) => {
      const own = `${row.warden} ${row.name}`;
      return kept.has(own) && (row.depth === 0 || this.#open.has(own));
    });
  }

  /** Of what has gone, the row that is in its place. */
  #indexIn(rows: readonly TopRow[]): number {
    const index = rows.findIndex(({ key }) => key === this.#selectedKey);
    return index >= 0 ? index : Math.max(0, Math.min(this.#lastIndex, rows.length - 1));
  }

  #lastIndex = 0;

  get #selected(): TopRow | undefined {
    const rows = this.#rows;
    return rows[this.#indexIn(rows)];
  }

  #press(text: string, key: Key): void {
    const { name, ctrl = false } = key;
    const mode = this.#mode;
    if (ctrl && name === 'c') this.#end();
    else if (name === 'paste-start' || name === 'paste-end') this.#bracket(name === 'paste-start');
    else if (this.#isPasting) this.#paste(text);
    else if (ctrl && name === 'z') this.#suspend(0);
    else if (ctrl && name === 'l') this.#screen.redraw();
    else if (mode.at === 'filter' || mode.at === 'type') this.#write(mode, text, key);
    else if (mode.at === 'ask') this.#answer(text === 'y' || text === 'Y');
    else if (mode.at === 'help') this.#mode = { at: 'list' };
    else {
      const action = actionOf(text, key);
      if (action) this.#do(action);
    }
  }

  #answer(isYes: boolean): void {
    this.#mode = { at: 'list' };
    if (isYes) this.#onYes();
    else this.#say('Nothing was done.');
  }

  #do(action: TopAction): void {
    switch (action.do) {
      case 'quit':
        this.#end();
        break;
      case 'filter':
        this.#mode = { at: 'filter', text: this.#filter };
        break;
      case 'help':
        this.#mode = { at: 'help' };
        break;
      case 'type':
        if (this.#selected?.tree !== undefined) this.#mode = { at: 'type', text: '' };
        break;
      case 'move':
        this.#move(action.by);
        break;
      case 'scroll':
        this.#scroll(action.by);
        break;
      case 'unfold':
      case 'fold':
        this.#unfold(action.do === 'unfold');
        break;
      case 'toggle':
        this.#unfold(undefined);
        break;
      case 'reset':
        this.#filter = '';
        this.#message = '';
        break;
      default:
        this.#ask(action.do);
    }
  }

  #move(by: number): void {
    const rows = this.#rows;
    const index = Math.max(0, Math.min(rows.length - 1, this.#indexIn(rows) + by));
    this.#lastIndex = index;
    this.#selectedKey = rows[index]?.key ?? '';
  }

  #scroll(pages: number): void {
    const { output } = layoutOf(this.#screen.size, this.#rows.length);
    const most = Math.max(0, (this.#pane?.length ?? 0) - output);
    this.#scrolledBy = Math.max(0, Math.min(most, this.#scrolledBy + pages * (output - 1)));
  }

  /** `undefined`: the other way round. */
  #unfold(isOpen: boolean | undefined): void {
    const row = this.#selected;
    if (row === undefined) return;
    const own = `${row.warden} ${row.name}`;
    if (isOpen ?? !this.#open.has(own)) this.#open.add(own);
    else {
      this.#open.delete(own);
      // Of a member, its tree.
      this.#selectedKey = own;
    }
  }

  #write({ at, text: before }: LineMode, text: string, key: Key): void {
    const edited = editedLine(before, text, key);
    this.#mode = edited === undefined || edited.done ? { at: 'list' } : { at, text: edited.line };
    if (at === 'filter') this.#filter = edited?.line ?? '';
    else if (edited?.done) this.#send(edited.line);
  }

  /** Pasted text begins, or has ended; it is never taken for keys. */
  #bracket(isPasting: boolean): void {
    this.#isPasting = isPasting;
    const { at } = this.#mode;
    if (isPasting && at !== 'filter' && at !== 'type') this.#say('What was pasted is not taken for keys: i types it, / filters by it.');
  }

  #paste(text: string): void {
    const mode = this.#mode;
    if (mode.at !== 'filter' && mode.at !== 'type') return;
    const line = pastedLine(mode.text, text);
    this.#mode = line === undefined ? { at: 'list' } : { at: mode.at, text: line };
    if (line === undefined) this.#say(`A line has at most ${maxLine} characters here; tree-warden send-keys types more.`);
    else if (mode.at === 'filter') this.#filter = line;
  }

  #send(line: string): void {
    const row = this.#selected;
    if (row === undefined) return;
    this.#source.type(row, line).then(
      () => this.#say(`${row.name}: typed.`),
      (error: unknown) => this.#say(errorText(error)),
    );
  }

  /** What takes something away is asked first. */
  #ask(verb: TopVerb): void {
    const row = this.#selected;
    if (row === undefined) return;
    const act = (): void => {
      this.#say(`${row.name}: ${verb} …`, true);
      this.#source.act(verb, row).then(
        (sentence) => this.#say(sentence),
        (error: unknown) => this.#say(errorText(error)),
      );
    };
    if (verb === 'start' || verb === 'restart') {
      act();
      return;
    }
    this.#onYes = act;
    this.#mode = { at: 'ask', question: verb === 'kill' ? `Kill ${row.name} at once?` : `Stop ${row.name}?` };
  }

  #say(sentence: string, stays = false): void {
    this.#message = sentence;
    clearTimeout(this.#messageTimer);
    if (!stays)
      this.#messageTimer = setTimeout(() => {
        this.#message = '';
        this.#changed();
      }, messageMillis);
    this.#changed();
  }

  /** Stops this process, or with 0 all of its job, as the key does it on a terminal that is not raw. */
  #suspend(whom: number): void {
    this.#screen.close();
    process.off('SIGTSTP', this.#onSuspend);
    // Its effect comes before this returns; it has none where there is no shell to let it go on (setpgid(2), orphaned groups).
    process.kill(whom, 'SIGTSTP');
    process.on('SIGTSTP', this.#onSuspend);
    this.#onContinue();
  }

  /** A frame is drawn soon; one at a time. */
  #changed(): void {
    this.#isStale = true;
    this.#frameTimer ??= setTimeout(() => {
      this.#frameTimer = undefined;
      this.#draw();
    }, frameMillis);
  }

  #draw(): void {
    // A slow line takes its time: the newest state is drawn when it is through.
    if (!this.#isStale || this.#screen.isBusy) return;
    this.#isStale = false;
    const rows = this.#rows;
    const selected = this.#indexIn(rows);
    const row = rows[selected];
    this.#lastIndex = selected;
    this.#selectedKey = row?.key ?? this.#selectedKey;
    const size = this.#screen.size;
    const { output } = layoutOf(size, rows.length);
    this.#show(row, size.columns, output);
    const lines = frameOf({
      ...{ size, rows, selected, filter: this.#filter, mode: this.#mode, message: this.#message, scrolledBy: this.#scrolledBy },
      now: Date.now(),
      output: this.#pane?.lines(output, this.#scrolledBy, this.#options.colours) ?? this.#instead(row, size.columns),
      colours: this.#options.colours,
    });
    this.#screen.draw(lines, () => {
      if (this.#isStale) this.#changed();
    });
  }

  #instead(row: TopRow | undefined, columns: number): string[] {
    if (row === undefined) return [];
    if (row.tree === undefined) return [fitted('It does not run; s starts it.', columns)];
    return row.hasOutput ? [] : [fitted('There is no copy of what it prints: it goes straight to its own terminal or file.', columns)];
  }

  /** The output of this row is shown from now on. */
  #show(row: TopRow | undefined, columns: number, height: number): void {
    const wanted = row?.hasOutput && row.tree !== undefined ? row.tree : '';
    if (wanted === this.#shown) {
      this.#pane?.resize(columns, height);
      return;
    }
    this.#shown = wanted;
    clearTimeout(this.#selectTimer);
    this.#following?.[Symbol.dispose]();
    this.#pane?.[Symbol.dispose]();
    this.#pane = undefined;
    this.#following = undefined;
    this.#scrolledBy = 0;
    if (row === undefined || wanted === '') return;
    this.#selectTimer = setTimeout(() => this.#follow(row, columns, height), selectMillis);
  }

  #follow(row: TopRow, columns: number, height: number): void {
    const pane = new OutputPane(columns, height, row.isPlain ?? false);
    this.#pane = pane;
    try {
      this.#following = this.#source.follow(
        row,
        async (chunk) => {
          await pane.write(chunk);
          this.#changed();
          await sleep(readingMillis, undefined, { ref: false });
        },
        (problem) => {
          if (problem !== undefined && this.#pane === pane) this.#say(problem);
        },
      );
    } catch (error) {
      this.#say(errorText(error));
    }
  }
}
