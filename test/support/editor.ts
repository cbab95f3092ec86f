import type { ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, errors, type Locator, type Page } from 'playwright-core';
import { editorAnswers, editorPort, startEditor } from '../../src/build/editorHost.ts';
import { cacheFolder } from '../../src/build/paths.ts';
import { writeProcesses } from './declared.ts';
import { Patience } from './patience.ts';
import { eventually, Run } from './run.ts';
import { isAlive, killIfThere } from './survivors.ts';

const sample = fileURLToPath(new URL('../fixtures/sample-workspace', import.meta.url));
const browserFlags = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const deadline = 30_000;
/** Milliseconds in which a press shows what it does, or is tried again. */
const pressMillis = 5000;
/**
 * Lists, palettes and menus that close would fade away: until a timer goes off, they are seen, take no key and no click, and look like what is opened next
 * (`hide` in VS Code's quickInputController.ts). For who wants no motion, they are gone at once.
 */
const pageOptions = { reducedMotion: 'reduce' } as const;

export interface EditorSettings {
  /** A folder to copy as the workspace; the sample where absent, an empty one where null. */
  readonly workspace?: string | null;
  readonly trusted?: boolean;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: NodeJS.ProcessEnv;
  /** The folder of an extension that is to be there beside ours. */
  readonly extension?: string;
  /** The editor's display language; its own texts stay English, for want of a language pack. */
  readonly language?: string;
  /** Called before the editor is started, with its workspace. */
  readonly prepare?: (workspace: string, run: Run) => void;
  /** Extensions of the editor's own that are not to be there. */
  readonly without?: readonly string[];
  /** What is opened, from the workspace folder on; that itself where absent. */
  readonly open?: string;
  /** The package that is installed; this project's folder where absent. */
  readonly vsix?: string;
  /** Our own extension is not there. */
  readonly isBare?: boolean;
}

/** A real VS Code in a real browser, on a copy of a workspace, with everything it writes in a folder of its own. */
export class Editor implements AsyncDisposable {
  readonly run = new Run();
  readonly workspace = join(this.run.folder, 'workspace');
  readonly #server: ChildProcess;
  #port = 0;
  readonly #browser: Browser;
  page: Page;

  static async open(settings: EditorSettings = {}): Promise<Editor> {
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: browserFlags });
    const editor = new Editor(browser, await browser.newPage(pageOptions), settings);
    try {
      if (settings.language !== undefined) await editor.#speak(settings.language);
      editor.#port = await editorPort(editor.#server);
      await editorAnswers(editor.#port, editor.#server);
      await editor.load();
    } catch (error) {
      await editor[Symbol.asyncDispose]();
      throw error;
    }
    return editor;
  }

  /** In a folder of its own with a file of these processes, whose rows are shown. `prepare`: what else is to be in the folder. */
  static async ofProcesses(
    processes: Readonly<Record<string, object>>,
    prepare: (folder: string) => void = () => undefined,
  ): Promise<Editor> {
    const editor = await Editor.open({
      workspace: null,
      prepare: (folder) => {
        writeProcesses(folder, processes);
        prepare(folder);
      },
    });
    await editor.showProcesses();
    await editor.waitForRow(Object.keys(processes)[0] ?? '', /idle/);
    return editor;
  }

  private constructor(
    browser: Browser,
    page: Page,
    {
      workspace = sample,
      trusted = true,
      settings = {},
      env = {},
      extension,
      prepare,
      without = [],
      open = '',
      vsix,
      isBare = false,
    }: EditorSettings,
  ) {
    this.#browser = browser;
    this.page = page;
    if (workspace === null) mkdirSync(this.workspace);
    else cpSync(workspace, this.workspace, { recursive: true });
    prepare?.(this.workspace, this.run);
    const dataFolder = join(this.run.folder, 'editor');
    if (extension !== undefined) cpSync(extension, join(dataFolder, 'ext', basename(extension)), { recursive: true });
    this.#server = startEditor({
      dataFolder,
      workspace: join(this.workspace, open),
      port: 0,
      env: { ...this.run.env, ...env },
      settings: { 'treeWarden.confirmStopAll': false, ...settings },
      reconnectionGrace: 1,
      trusted,
      without,
      ...(vsix !== undefined && { vsix }),
      isBare,
    });
    this.#server.stderr?.resume();
  }

  get wardenPids(): number[] {
    return this.run.wardenPids().filter(isAlive);
  }

  get extensionHostPids(): number[] {
    return pidsWhere(
      (pid) => read(`/proc/${pid}/cmdline`).includes('--type=extensionHost') && read(`/proc/${pid}/environ`).includes(this.run.folder),
    );
  }

  /** Processes that work in the workspace folder, and are alive: those of the trees, not the editor's own. */
  get workers(): number[] {
    return this.workersIn('');
  }

  /** The same of a folder in it. */
  workersIn(folder: string): number[] {
    const path = join(this.workspace, folder);
    return pidsWhere((pid) => isAlive(pid) && linkOf(`/proc/${pid}/cwd`) === path && !read(`/proc/${pid}/cmdline`).includes(cacheFolder));
  }

  /** All processes with this text in their command line that the editor has started, directly or not, and that are alive. */
  pidsWith(text: string): number[] {
    return pidsWhere(
      (pid) => isAlive(pid) && read(`/proc/${pid}/cmdline`).includes(text) && read(`/proc/${pid}/environ`).includes(this.run.folder),
    );
  }

  /** Where the extension keeps what belongs to the user. */
  get globalStorage(): string {
    return join(this.run.folder, 'editor', 'User', 'globalStorage', 'tree-warden.tree-warden');
  }

  get journal(): string {
    const logs = join(this.run.folder, 'editor', 'logs');
    const found = readdirSync(logs, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('journal.jsonl'));
    return found.map((path) => readFileSync(join(logs, path), 'utf8')).join('');
  }

  /** Opens the workbench, or opens it again in a new page. */
  async load(): Promise<void> {
    if (this.page.isClosed()) this.page = await this.#browser.newPage(pageOptions);
    await this.page.setViewportSize({ width: 1200, height: 760 });
    await patiently(async () => {
      await this.page.goto(`http://127.0.0.1:${this.#port}/`, { waitUntil: 'commit', timeout: deadline });
    });
    await patiently(() => this.page.waitForLoadState('load', { timeout: deadline }));
    await this.#workbenchIsThere();
  }

  /** As the workbench knows its language, which it tells the extension host (`getNLSLanguage` in its nls.ts). */
  async #speak(language: string): Promise<void> {
    await this.page.addInitScript(
      `Object.defineProperty(globalThis, '_VSCODE_NLS_LANGUAGE', { get: () => ${JSON.stringify(language)}, set: () => undefined });`,
    );
  }

  /** A page beside the editor, in the same browser. */
  async newPage(): Promise<Page> {
    return await this.#browser.newPage(pageOptions);
  }

  /** As a user does it, so that the editor can put away what it has to remember. */
  async reloadWindow(): Promise<void> {
    let isLoaded = false;
    this.page.once('load', () => {
      isLoaded = true;
    });
    await this.command('Developer: Reload Window');
    await eventually('the window is loaded anew', () => isLoaded, deadline);
    await this.#workbenchIsThere();
  }

  async #workbenchIsThere(): Promise<void> {
    await patiently(() => this.page.locator('.monaco-workbench').waitFor({ timeout: deadline }));
  }

  async showProcesses(): Promise<void> {
    const icon = this.page.locator('.activitybar [aria-label^="Tree Warden"]').first();
    await patiently(() => icon.waitFor({ timeout: deadline }));
    await eventually('the view opens', async () => {
      if (await this.page.locator('.pane-header[aria-label*="Processes"], .composite.title h2:has-text("Tree Warden")').first().isVisible())
        return true;
      // Looked at and clicked in one step: a click on the icon of what has opened meanwhile would close it.
      await icon.evaluate((item) => item.closest('.checked') === null && item.dispatchEvent(new Event('click', { bubbles: true })));
      return false;
    });
  }

  rows(): Locator {
    return this.page.locator('.pane-body .tree-explorer-viewlet-tree-view .monaco-list-row');
  }

  row(label: string): Locator {
    return this.page.locator(`.pane-body .monaco-list-row[aria-label^="${label},"]`);
  }

  async rowTexts(): Promise<string[]> {
    return (await this.rows().evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-label') ?? ''))).map((text) => text.trim());
  }

  async waitForRow(label: string, state: RegExp): Promise<string> {
    let shown: string[] = [];
    try {
      return await eventually(
        `row ${label} says ${state}`,
        async () => {
          shown = await this.rowTexts();
          return shown.find((text) => text.startsWith(`${label},`) && state.test(text));
        },
        deadline,
      );
    } catch (error) {
      await this.screenshot(`no row ${label}`);
      throw new Error(`What is shown instead:\n${shown.join('\n')}`, { cause: error });
    }
  }

  /** Runs a command of the palette by its whole title. What has nothing to act on yet is not in the palette, which does not change while it is open. */
  async command(title: string): Promise<void> {
    const entry = this.entry(title, 'is');
    const patience = new Patience(deadline);
    do {
      await this.fillPalette(title);
      // It may also close just before the click, because something else takes the focus.
      if ((await this.appears(entry, 2000)) && (await inTime(() => entry.click({ timeout: 2 * pressMillis })))) return;
    } while (!patience.isOver);
    throw await this.#withWhatIsShown(title);
  }

  /** Opens the palette of commands with this text in it. It closes when something else takes the focus meanwhile; the caller opens it again. */
  async fillPalette(text: string): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.#leaveViews();
    const input = this.page.locator('.quick-input-widget:visible .quick-input-box input');
    const isOpen = async (): Promise<boolean> =>
      (await this.appears(input, 2000)) && (await input.inputValue({ timeout: 1000 }).catch(() => '')).startsWith('>');
    const patience = new Patience(deadline);
    // Again: a page inside the editor that is just being loaded passes no key on.
    do await this.page.keyboard.press('F1');
    while (!(await isOpen()) && !patience.isOver);
    await input.fill(`>${text}`, { timeout: 3000 }).catch(() => undefined);
  }

  /**
   * Takes the focus out of the views. VS Code tells a view by a timer that it has lost the focus; where a refresh of it
   * ends before that, the view takes the focus back, and a palette that has just opened closes (`doRefresh` in its treeView.ts).
   */
  async #leaveViews(): Promise<void> {
    const focused = this.page.locator('.tree-explorer-viewlet-tree-view:focus-within');
    await eventually('the focus is in no view', async () => {
      // Timers go off in their order: behind this one, the views know.
      await this.page.evaluate(() => new Promise((known) => setTimeout(known)));
      if ((await focused.count()) === 0) return true;
      // It takes its time, and one that is pressed again meanwhile would take the focus from what is opened next.
      await this.page.keyboard.press('Control+1');
      await patiently(() => focused.waitFor({ state: 'detached', timeout: deadline }));
      return false;
    });
  }

  async warden(title: string, pick?: string): Promise<void> {
    await this.command(`Tree Warden: ${title}`);
    if (pick === undefined) return;
    await patiently(() => this.entry(pick).waitFor({ timeout: deadline }));
    // A list that takes several is closed by Enter.
    const takesSeveral = (await this.page.locator('.quick-input-widget .quick-input-count:visible').count()) > 0;
    const asked = await this.#question();
    await this.pick(pick);
    if (takesSeveral) await this.page.keyboard.press('Enter');
    // What the command asks next looks like the list that is still there.
    await eventually(`the list for '${title}' is gone`, async () => (await this.#question()) !== asked, deadline);
  }

  /** Of the quick input that is open: its title and what its box says. */
  async #question(): Promise<string | undefined> {
    const texts = await this.page.locator('.quick-input-widget:visible').evaluateAll((widgets) =>
      widgets.map((widget) => {
        const boxes = [...widget.querySelectorAll('input')].filter((box) => box.getClientRects().length > 0);
        return [widget.querySelector('.quick-input-title')?.textContent, ...boxes.map(({ placeholder }) => placeholder)].join('|');
      }),
    );
    return texts[0];
  }

  /** Opens a row, so that its children show. Not by a place on the screen, where another row may have come to stand meanwhile. */
  async expand(label: string): Promise<void> {
    await eventually(
      `${label} is open`,
      async () => {
        const state = await this.row(label).first().getAttribute('aria-expanded');
        // It is neither as long as it has no children.
        if (state === 'false') {
          await this.row(label).first().locator('.monaco-tl-twistie').dispatchEvent('click');
          await this.page.waitForTimeout(500);
        }
        return state === 'true';
      },
      deadline,
    );
  }

  /** Rests the pointer on a row until its hover is there; where the row is drawn anew just then, the pointer has to come again. */
  async hover(label: string, text: string | RegExp): Promise<Locator> {
    return await this.#hovering(this.row(label), `the hover of ${label}`, text, (hover) => Promise.resolve(hover));
  }

  /** The same, with what the hover says: it goes when its row is drawn anew. */
  async hoverText(label: string, text: string | RegExp): Promise<string> {
    return await this.hoverTextOf(this.row(label), `the hover of ${label}`, text);
  }

  /** The same of anything; `what` names its hover. */
  async hoverTextOf(target: Locator, what: string, text: string | RegExp): Promise<string> {
    return await this.#hovering(target, what, text, (hover) => hover.innerText({ timeout: 1000 }).catch(() => undefined));
  }

  async #hovering<T>(target: Locator, what: string, text: string | RegExp, read: (hover: Locator) => Promise<T | undefined>): Promise<T> {
    const hover = this.page.locator('.monaco-hover').filter({ hasText: text }).first();
    return await eventually(
      `${what} says ${text}`,
      async () => {
        await this.page.mouse.move(700, 300);
        await target.first().hover();
        return (await this.appears(hover, 3000)) ? await read(hover) : undefined;
      },
      deadline,
    );
  }

  /**
   * Opens a file by the palette for files; behind the name may stand a line and a column. What is typed before that palette is there goes to whatever has
   * the focus: when a command is run for the first time, VS Code asks the extension host before.
   */
  async openFile(typed: string): Promise<void> {
    const [name = ''] = typed.split(':');
    await this.command('Go to File...');
    const input = this.page.locator('.quick-input-widget:visible input[placeholder^="Search files by name"]');
    await patiently(() => input.waitFor({ timeout: deadline }));
    await input.fill(typed);
    await this.pick(name);
    await patiently(() => this.page.locator(`.tab.active[aria-label^="${name}"]`).waitFor({ timeout: deadline }));
    await patiently(() => this.page.locator('.editor-instance .monaco-editor.focused').first().waitFor({ timeout: deadline }));
  }

  /** Closes every question, list and menu that is open, whatever has the focus. */
  async dismiss(): Promise<void> {
    const open = this.page.locator('.monaco-dialog-box:visible, .quick-input-widget:visible, .context-view .monaco-menu:visible');
    await eventually(
      'nothing that asks is open',
      async () => {
        if ((await open.count()) === 0) return true;
        const input = this.page.locator('.quick-input-widget:visible .quick-input-box input').first();
        if (await input.isVisible()) await input.focus({ timeout: 1000 }).catch(() => undefined);
        await this.page.keyboard.press('Escape');
        return false;
      },
      deadline,
    );
  }

  async clipboard(): Promise<string> {
    await this.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    return await this.page.evaluate<string>('navigator.clipboard.readText()');
  }

  /** Waits until the palette, or a quick pick, has faded away. */
  async quickPickGone(): Promise<void> {
    await patiently(() => this.page.locator('.quick-input-widget').first().waitFor({ state: 'hidden', timeout: deadline }));
  }

  /** Whether it is there within so many milliseconds. */
  async appears(what: Locator, millis: number): Promise<boolean> {
    return await inTime(() => what.waitFor({ timeout: millis }));
  }

  /** Of the open quick pick. */
  entry(label: string, where: 'is' | 'begins' | 'contains' = 'begins'): Locator {
    const row = (test: string): string => `.quick-input-list .monaco-list-row[aria-label${test}"]`;
    // Behind the label stand its keys, and whether it was used before.
    const selector = { is: `${row(`="${label}`)}, ${row(`^="${label},`)}`, begins: row(`^="${label}`), contains: row(`*="${label}`) };
    return this.page.locator(selector[where]).first();
  }

  /** Chooses the entry of the open quick pick that begins with this text, or has it somewhere behind an icon. */
  async pick(label: string, where: 'is' | 'begins' | 'contains' = 'begins'): Promise<void> {
    try {
      await patiently(() => this.entry(label, where).click({ timeout: deadline }));
    } catch (error) {
      throw await this.#withWhatIsShown(label, error);
    }
  }

  async #withWhatIsShown(label: string, cause?: unknown): Promise<Error> {
    await this.screenshot(`no entry ${label}`);
    const shown = await this.page.locator('.quick-input-widget:visible').allInnerTexts();
    return new Error(`What is shown instead of '${label}': ${shown.join('\n') || 'nothing to choose from'}`, { cause });
  }

  /** Asked for a task before it has its terminals, VS Code does nothing, and says nothing (`_tasksReconnected` in its task service). */
  async runTask(name: string, where: 'begins' | 'contains' = 'begins'): Promise<void> {
    const isListed = async (): Promise<boolean> => {
      await this.command('Tasks: Run Task');
      return await this.appears(this.entry(name, where), pressMillis);
    };
    await eventually(`the task '${name}' is listed`, isListed, deadline);
    await this.pick(name, where);
  }

  async start(name: string): Promise<void> {
    await this.warden('Start', name);
    await this.waitForRow(name, /, live/);
  }

  /** What the visible terminal shows. */
  async terminalText(): Promise<string> {
    const texts = await this.page.locator('.terminal-wrapper.active .xterm-rows').allInnerTexts();
    return texts.join('\n').replaceAll('\u00a0', ' ');
  }

  async waitForTerminal(text: RegExp): Promise<string> {
    return await eventually(
      `the terminal shows ${text}`,
      async () => {
        const shown = await this.terminalText();
        return text.test(shown) ? shown : undefined;
      },
      deadline,
    );
  }

  async typeIntoTerminal(text: string): Promise<void> {
    await this.page.locator('.terminal-wrapper.active .xterm-helper-textarea').first().focus();
    await this.page.keyboard.type(text);
  }

  /** Waits for a notification with this text, and gives it whole. */
  async notification(text: RegExp): Promise<string> {
    return await eventually(
      `a notification says ${text}`,
      async () => {
        const shown = await this.page.locator('.notifications-toasts .notification-list-item-message').allInnerTexts();
        return shown.find((message) => text.test(message));
      },
      deadline,
    );
  }

  /** Waits for a notification with this text and rests the pointer on it: without that, it leaves after ten seconds. */
  async holdNotification(text: RegExp): Promise<void> {
    await patiently(() => this.#toast(text).hover({ timeout: deadline }));
  }

  /** Presses a button of the notification that has this text. A toast leaves by itself after ten seconds; the notification is in their list then. */
  async press(text: RegExp, button: string): Promise<void> {
    const pressIn = (item: Locator): Promise<boolean> =>
      inTime(async () => {
        // The buttons show while the pointer is on it.
        await item.hover({ timeout: pressMillis });
        await item.locator('.monaco-button', { hasText: button }).first().click({ timeout: pressMillis });
      });
    const toast = this.#toast(text);
    const isPressed = async (): Promise<boolean> => (await toast.isVisible()) && (await pressIn(toast));
    if (await eventually('its toast is pressed', isPressed, deadline / 2).catch(() => false)) return;
    await this.command('Notifications: Show Notifications');
    const listed = this.page.locator('.notifications-center .notification-list-item').filter({ hasText: text }).first();
    await eventually(`“${button}” of the notification that says ${text} is pressed`, () => pressIn(listed), deadline);
    // No toast is shown beside the list.
    const list = this.page.locator('.notifications-center:visible');
    await this.pressUntil(
      () => this.page.keyboard.press('Escape'),
      async () => (await list.count()) === 0,
      'the list of notifications is closed',
    );
  }

  #toast(text: RegExp): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item').filter({ hasText: text }).first();
  }

  /**
   * Presses the button of a row with this title until what follows is seen: what the row says, or anything else. A button whose row VS Code draws anew
   * between press and release does nothing, or has the command refuse to guess which row was meant; a user presses it again. The pointer is out of the
   * way before and after: a hover would cover the rows below it.
   */
  async pressOnRow(row: string, title: string, follows: RegExp | (() => boolean | Promise<boolean>)): Promise<void> {
    const line = this.row(row).first();
    const press = async (): Promise<void> => {
      await this.page.mouse.move(700, 300);
      await line.hover();
      await line.locator(`.action-label[aria-label^="${title}"]`).click({ timeout: pressMillis });
    };
    const says = async (state: RegExp): Promise<boolean> =>
      (await this.rowTexts()).some((text) => text.startsWith(`${row},`) && state.test(text));
    await this.pressUntil(press, follows instanceof RegExp ? () => says(follows) : follows, `${title} of ${row}`);
    await this.page.mouse.move(700, 300);
  }

  /** The same of anything that is pressed: a key on a row, an entry of its menu. */
  async pressUntil(press: () => Promise<void>, follows: () => boolean | Promise<boolean>, what: string): Promise<void> {
    let problem: unknown;
    const attempt = async (): Promise<boolean> => {
      if (await follows()) return true;
      problem = await press().then(
        () => undefined,
        (error: unknown) => error,
      );
      if (problem === undefined) return await eventually('what follows', follows, pressMillis).catch(() => false);
      // What was to be pressed has gone where the press before was late rather than lost; on a busy machine it may not have come yet.
      if (await follows()) return true;
      if (!(problem instanceof errors.TimeoutError)) throw problem;
      return false;
    };
    await eventually(what, attempt, deadline).catch((error: unknown) => {
      throw problem === undefined || problem === error ? error : new Error(String(error), { cause: problem });
    });
  }

  /** Of the window, or of this part of it. */
  async screenshot(
    name: string,
    clip?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  ): Promise<void> {
    const folder = process.env['TREE_WARDEN_SCREENSHOTS'];
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`), ...(clip && { clip }) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    this.#server.kill('SIGTERM');
    await eventually('the editor has ended', () => this.#server.exitCode !== null || this.#server.signalCode !== null, deadline);
    for (const pid of this.extensionHostPids) killIfThere(pid, 'SIGKILL');
    if (existsSync(this.run.runtimeFolder)) await eventually('the wardens have ended', () => this.wardenPids.length === 0, deadline);
    await this.run[Symbol.asyncDispose]();
  }
}

/** Waits on where a deadline of Playwright's is over, and that of a {@link Patience} is not: Playwright counts the time in which a busy machine runs nothing of ours. */
async function patiently(wait: () => Promise<void>): Promise<void> {
  const patience = new Patience(deadline);
  for (;;)
    try {
      await wait();
      return;
    } catch (error) {
      if (patience.isOver || !(error instanceof errors.TimeoutError)) throw error;
    }
}

/** Whether it is done before its own deadline of Playwright's is over. */
async function inTime(wait: () => Promise<void>): Promise<boolean> {
  try {
    await wait();
    return true;
  } catch (error) {
    if (error instanceof errors.TimeoutError) return false;
    throw error;
  }
}

function pidsWhere(fits: (pid: number) => boolean): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && fits(pid));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
