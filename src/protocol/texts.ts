/**
 * What a warden tells people, as data: a code and its values. A client that translates has one sentence for each code; English is the text that is
 * sent beside the data, and all that the journal and the command line have.
 */

/** English, by code. Most are clauses without a period; those with a period are sentences. */
export const texts = {
  // The state of a tree.
  beingStarted: 'being started',
  notReadyYet: 'not ready yet',
  running: 'running',
  ready: 'ready',
  foundAgain: 'found again after its warden had been killed',
  straysAreUnknown: 'they descend from the warden, and nothing says of which tree they are',

  // Of a tree on a node.
  submitting: 'is being handed to {0}',
  queued: 'waits in the queue of {0}',
  queuedBecause: 'waits in the queue of {0} ({1})',
  queuedBehind: 'waits in the queue of {0} ({1}, {2} jobs before it)',
  connecting: 'is being connected on {0}',
  endsByLimit: 'ends at {0} by its time limit',
  limitNotExtended: 'ends at {0} by its time limit: it was not given more time ({1})',
  nodePaused: 'does not run for a while: {0}',
  nodeLost: '{0} does not answer, and what runs there ends by itself: {1}',

  // How it has ended.
  exitUnknown: 'ended (exit status unknown)',
  exitedWithCode: 'exited with code {0}',
  endNotRecorded: 'its end is not recorded, because the background process was killed before it',
  endedBySignal: 'ended by {0}',
  because: '{0}: {1}',
  oneMemberLeft: '{0}, 1 member left',
  membersLeft: '{0}, {1} members left',
  firstProcessEnded: 'its first process has ended',
  ended: 'ended',
  beforeReady: '{0} before it was ready',
  tooSoon: '{0} after {1} ms, which is no start',
  notEnded: 'not ended: {0}',
  unseen: 'it cannot be seen whether any of its processes is left',
  stillAlive: 'still alive after SIGKILL: {0}',
  survivor: '{0} (pid {1}): {2}',
  ofAnotherUser: 'it belongs to another user',
  runsThisProgram: 'this program runs under it',
  noSignalReached: 'no signal has reached it',
  uninterruptible: 'it is in an uninterruptible wait in the kernel',
  notEndedYet: 'it was sent the signal and has not ended yet',

  // Why it was asked to end.
  stoppedByUser: 'stopped by the user',
  killedByUser: 'killed by the user',
  restartedByUser: 'restarted by the user',
  scaledTo: 'scaled to {0}',
  endedByEditor: 'ended by the editor',
  taskTerminated: 'the task was terminated',
  stoppedByAgent: 'stopped by an agent',
  stoppedBy: 'stopped by {0}',
  restartedBy: 'restarted by {0}',
  restartedByAgent: 'restarted by an agent',
  received: '{0} received {1}',
  cancelledBy: 'cancelled by {0}',
  jobAbandoned: 'the command that waited for it has ended',
  instancesChanged: 'its number of instances has changed',
  dependencyRestarted: '{0} was restarted',
  fileChanged: '{0} changed',
  filesChanged: '{0} and {1} more changed',
  noLongerWatched: 'no longer watched',
  joinedEnded: "'{0}', which it had joined, has ended",
  timeHasCome: 'its next time has come',

  // The commands of its life.
  runsBeforeStart: 'runs its "beforeStart"',
  claimHeld: 'another process has not come to the end of cleaning up after it',
  commandsLeft: 'commands of its stop are left to the next start',
  claimRefused: 'its commands were not run, because its record cannot be changed',
  hookCancelled: 'it was ended',
  hookNotKilled: 'its time was over, and it could not be killed',
  hookTookTooLong: 'it had not ended after {0}, and was killed',
  hookFailed: "'{0}': its command “{1}” has failed: {2}.",
  leftHookFailed: "'{0}', left by a crash: its command “{1}” has failed: {2}.",

  // Limits.
  memoryLimit: 'its memory limit of {0} was reached ({1})',
  memoryLimitByKernel: 'its memory limit of {0} was reached, and the kernel ended it',
  processLimit: 'its limit of {0} processes was reached',
  timeLimit: 'its time limit of {0} was reached',
  cpuLimit: 'it has used more than its {0} cores for {1}',
  windowProcessLimit: "the window's limit of {0} processes was reached, and this tree had most of them ({1}, {2})",

  // Probes.
  notReadyAfter: 'not ready after {0}',
  notAlive: 'not alive: {0}',
  notRun: 'the system could not run {0}',
  commandEnded: '{0} {1}',
  cannotBeChecked: 'cannot be checked: {0}',
  noAnswerIn: '{0} has not answered in {1} ms',
  answersStatus: '{0} answers {1}',
  noLineMatched: 'no line of its output has had {0}',
  noLineMatchedOfSearched: 'no line of its output has had {0}; {1} of it came faster than they could be searched',

  // Why a start has failed.
  dependencyFailed: "'{0}' was not started: it needs '{1}' ({2}).",
  unstarted: 'could not be started',
  undeclared: 'not declared',
  dependencyUnknown: "'{0}' was not started: it needs '{1}', which is not declared.",
  commandNotFound: "There is no command '{0}' in the PATH ({1} folders searched).",
  commandNotFoundInOne: "There is no command '{0}' in the PATH (1 folder searched).",
  commandNotFoundInNone: "There is no command '{0}' in the PATH (which is empty).",
  commandEmpty: 'The command is empty.',
  cannotRun: 'Cannot run {0}: {1}.',
  noSuchFile: 'there is no such file',
  isFolder: 'it is a folder',
  notExecutable: 'this user has no permission to execute it',
  notFolder: 'The working directory {0} is not a folder.',
  folderMissing: 'The working directory {0} does not exist.',
  folderForbidden: 'This user may not enter the working directory {0}.',
  cannotStart: 'Cannot start {0}: {1}.',
  // Why it takes no input.
  inputOfEnded: "'{0}' has ended, and takes no input.",
  takesNoInput: "'{0}' takes no input: {1}.",
  terminalClosed: 'its terminal is closed',
  stdinClosed: 'its stdin is closed',
  stdinInherited: 'its stdin is that of the command that has started it',
  stdinEmpty: 'it runs in the background with an empty stdin, as detached processes do',
  stdinOfClient: 'its stdin belongs to the program that has started it',

  cannotStartInTerminal: 'Cannot start {0} in a terminal: {1}.',
  notRunBySystem: 'the system could not run it (no memory, too many processes or open files, or a bad interpreter line)',
  terminalsMissing: 'Terminals are not available on this machine ({0}). Set "pty": false for this process.',
  beforeStartFailed: '\'{0}\' was not started: the command “{1}” of its "beforeStart" has failed: {2}.',
  stoppedBeforeStart: "'{0}' was stopped before it was started.",
  alreadyRunning: "'{0}' is already running (pid {1}, {2}).",
  tooManyTrees:
    "'{0}' was not started: {1} trees are running, which is the limit (treeWarden.maxTrees, or TREE_WARDEN_MAX_TREES in the environment).",
  valuesNeeded: "'{0}' was not started: it needs a value for {1}, which only its editor or tree-warden up can ask for.",
  notStartedByShutdown: "'{0}' was not started: this warden is shutting down.",
  notRestartedByShutdown: "'{0}' was not restarted: this warden is shutting down.",
  jobRefused: "The job was not queued in '{0}': {1}.",
  jobRequeued: "The lost job was not queued in '{0}': another command has done that.",
  stoppedMeanwhile: "'{0}' was stopped meanwhile.",
  notRestartedBecause: "'{0}' was not restarted, because the old one is {1}.",
  couldNotBeEndedBecause: "'{0}' could not be ended: {1}",
  unknownPast: "'{0}' was found again after a crash, and what it was started with is not on record: stop it, and start it anew.",

  // Alerts.
  couldNotBeEnded: "'{0}' could not be ended: {1}. It stays listed; end those processes by other means.",
  limitWarning: "'{0}': {1}.",
  wasEnded: 'was ended ({0})',
  couldNotBeRestarted: 'could not be restarted ({0})',
  restartFailed: "'{0}' could not be restarted: {1}",
  gaveUp: "'{0}' {1}, and will not be restarted: {2}.",
  restartedOnce: 'it was restarted once in {0}',
  restartedOften: 'it was restarted {0} times in {1}',
  withLastOutput: '{0} Last output:\n{1}',
  logNotWritten: "The log of '{0}' cannot be written: {1}. It runs on, and its newest output stays in memory.",
  journalNotWritten: 'The journal {0} cannot be written: {1}. Processes are guarded all the same.',
  historyNotWritten: 'The history {0} cannot be written: {1}. It is kept in memory all the same.',
  recordNotWritten:
    "The record of '{0}' could not be written: {1}. It is guarded while this window lives, but could not be found again after a crash of everything.",
  leftNotEnded: "'{0}', left by a crash, could not be ended: {1}.",
  socketNotOpened: 'The socket for the command line cannot be opened: {0}.',
  clientRefused: 'A client could not connect to the warden: {0}.',
  metricsNotServed: 'Metrics are not served at port {0} of 127.0.0.1: {1}.',
  gatewayMoved: 'The port of the gateway was taken while it was restarted: models are at {0} now.',

  modelServiceGone: 'The model service of this user has ended; models are served again when it is started again.',
  gatewayGaveUp:
    'The gateway of the models is not running: {0}. Model servers go on and are guarded. It is started again when a model is loaded by hand, or the window is reloaded.',
  switchGaveUp:
    "The dead man’s switch {0}, after it was restarted {1} times in {2} minutes. It will not be restarted automatically. The warden goes on guarding its processes; if it is killed now, they are ended by the window or the command that owns them, or else at the next start of Tree Warden or by 'tree-warden sweep'.",
  endedByAnother: 'was ended by another process',
  couldNotBeStarted: 'could not be started: {0}',
  notWatched: "Files of '{0}' are not watched: {1}. It runs on; when that is put right, choose Resume Watching.",
  watchLimitReached: 'the system watches no more files for this user (on Linux, raise fs.inotify.max_user_watches with sysctl)',
  watchTooMany: 'its globs cover more than {0} files or {1} folders (narrow them in processes.json)',
  watchError: 'the system has refused it ({0})',
  watchHelperGaveUp: 'the process that watches them {0}, after it was restarted {1}',
  watchLoop:
    "Watching files of '{0}' has stopped: '{1}' has changed again after each of the last {2} times that a change was acted on. If the process or its build writes that file, exclude it in \"watch\"; then choose Resume Watching.",
  watchCommandFailed: "The command that follows changed files of '{0}' has failed: {1}",
  observerFailed: '{0} failed: {1}. Processes are guarded all the same.',

  // What the self-check finds.
  tableUnreadable: 'The process table cannot be read.',
  recordUnreadable: 'A record cannot be read: {0}.',
  recordsUnreadable: 'The records in {0} cannot be read: {1}.',
  recordMissing: "'{0}' runs without its record in {1}: it could not be found again after a crash of everything.",
  recordWithoutTree: "There is a record of '{0}', which is not running.",
  switchMissing: 'The dead man’s switch is not running: if the warden is killed now, its processes end only at the next start.',
  switchStopped:
    "The dead man’s switch (pid {0}) is stopped: if the warden is killed now, its processes end only at the next start. Wake it with 'kill -CONT {0}'.",
  handlerMissing: 'The warden has no handler for {0}.',
  unkillable: "'{0}' could not be ended: {1}.",
  endedWithMembers: "'{0}' has ended, yet members of it are alive.",
  zombiesLeft: "'{0}' has left {1} zombies that were not collected.",
  outsideContainer: "{1} members of '{0}' have left its {2}; they are followed by their marks.",
  strayFound: '{0} (pid {1}) descends from the warden and belongs to no tree; it ends with the window.',
} as const;

export type TextCode = keyof typeof texts;

/** What stands in a text: a text of its own, which is translated by itself, or several, which are joined by semicolons. */
export type TextValue = string | number | TextData | readonly TextData[];

/** A text as data. A reader that does not know the code has the English text beside it. */
export interface TextData {
  readonly code: TextCode;
  readonly values: readonly TextValue[];
}

/** A text for people that is known as data, too; as a string, it is English. */
export class Localizable implements TextData {
  readonly code: TextCode;
  readonly values: readonly TextValue[];

  constructor(code: TextCode, values: readonly TextValue[]) {
    this.code = code;
    this.values = values;
  }

  toString(): string {
    return rendered(this, filled);
  }
}

/** Text for people; a string is shown as it is, in whichever language it is. */
export type Text = string | Localizable;

export function localizable(code: TextCode, ...values: readonly TextValue[]): Localizable {
  return new Localizable(code, values);
}

/** The data of a text for the wire, under this name beside the English text; nothing where it is none. */
export function withData<Key extends string>(key: Key, text: Text | undefined): { readonly [key in Key]?: TextData } {
  return typeof text === 'object' ? ({ [key]: text } as { readonly [key in Key]: TextData }) : {};
}

/** A text that was received: localizable where its data is known here. */
export function textFrom(english: string, data: unknown): Text {
  return isTextData(data) ? new Localizable(data.code, data.values) : english;
}

/** A reason as a request has it. */
export function asReason(text: Text): { readonly reason: string; readonly reasonData?: TextData } {
  return { reason: String(text), ...withData('reasonData', text) };
}

/** The reason of a request. */
export function reasonIn({ reason, reasonData }: { readonly reason: string; readonly reasonData?: TextData }): Text {
  return textFrom(reason, reasonData);
}

/** Bounds of a text that is read: its depth, its texts and values together, and the characters of one value. */
const limits = { depth: 8, parts: 10_000, characters: 100_000 } as const;

/** Whether everything of it is known here, and within bounds: a newer side may have sent it. */
export function isTextData(data: unknown): data is TextData {
  let parts = 0;
  const isText = (one: unknown, depth: number): boolean => {
    if (typeof one !== 'object' || one === null || depth > limits.depth) return false;
    const { code, values } = one as { readonly code?: unknown; readonly values?: unknown };
    return (
      typeof code === 'string' && Object.hasOwn(texts, code) && Array.isArray(values) && values.every((value) => isValue(value, depth))
    );
  };
  const isValue = (value: unknown, depth: number): boolean => {
    if (++parts > limits.parts) return false;
    if (typeof value === 'string') return value.length <= limits.characters;
    if (Array.isArray(value)) return value.every((one) => ++parts <= limits.parts && isText(one, depth + 1));
    return typeof value === 'number' || isText(value, depth + 1);
  };
  return isText(data, 1);
}

/** `translate` fills the values into the sentence of an English template, as {@link filled} does for English. */
export function rendered({ code, values }: TextData, translate: (template: string, values: readonly string[]) => string): string {
  const shown = (value: TextValue): string => {
    if (typeof value !== 'object') return String(value);
    return 'code' in value ? rendered(value, translate) : value.map(shown).join('; ');
  };
  return translate(texts[code], values.map(shown));
}

/** The template with `{0}`, `{1}` … replaced by the values. */
export function filled(template: string, values: readonly string[]): string {
  return template.replaceAll(/\{(\d+)\}/g, (place, index: string) => values[Number(index)] ?? place);
}
