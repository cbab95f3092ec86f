import * as vscode from 'vscode';
import { nextTimeText } from '../../protocol/schedule.ts';
import type { ExternalProcesses } from '../external/externalProcesses.ts';
import type { FoundProcesses } from '../found/foundProcesses.ts';
import type { Health } from '../health/health.ts';
import type { LanguageServers } from '../languageServers/languageServers.ts';
import type { Models } from '../models/models.ts';
import type { Process, Processes } from '../processes.ts';
import type { Profiles } from '../profiles.ts';
import type { WardenLink } from '../wardenLink.ts';
import type { DeclaredProcess, WorkspaceSpecs } from '../workspaceSpecs.ts';
import { externalRows, type GroupNames } from './externalRows.ts';
import { type FoundSection, filterFound, foundRows, withoutFound } from './foundRows.ts';
import { filterLanguageServers, type LanguageServerSource } from './languageServerRows.ts';
import { type MistakeSource, mistakeRows, shortened } from './mistakeRows.ts';
import { filterModels, type ModelSource } from './modelRows.ts';
import type { Row, RowSource, Shown } from './row.ts';
import { buildRows, filterSources, type SortBy, sortSources } from './rows.ts';
import { readShowFound } from './viewSettings.ts';

export interface ViewParts {
  readonly processes: Processes;
  readonly models: Models;
  readonly languageServers: LanguageServers;
  readonly link: WardenLink;
  readonly health: Health;
  readonly external: ExternalProcesses;
  readonly specs: WorkspaceSpecs;
  readonly found: FoundProcesses;
  readonly profiles: Pick<Profiles, 'includes' | 'onDidChange'>;
}

/** The rows of the view, of all that the window knows. */
export class ViewRows {
  readonly #parts: ViewParts;
  readonly #figures: Shown;

  constructor(parts: ViewParts, figures: Shown) {
    this.#parts = parts;
    this.#figures = figures;
  }

  /** @param filter Rows that have each of these words; all rows where it is empty. */
  build(filter: string, sortBy: SortBy): Row[] {
    const processes = this.#parts.processes.all.filter(({ tree }) => tree === undefined || !this.#parts.languageServers.owns(tree.id));
    const nowAt = Date.now();
    const sources = processes.map(({ name, pool, declared, tree, changed, undeclared, failure, waitsFor, watch, schedule, jobs }) => ({
      name,
      pool,
      group: declared?.spec.group,
      description: declared && this.#descriptionOf(declared),
      declared: declared !== undefined,
      tree,
      changed,
      undeclared,
      failure,
      waitsFor,
      watch,
      schedule,
      jobs,
      nextRun: schedule && nextTimeText(schedule, nowAt),
      mistake: declared && this.#mistakeOf(declared),
      kept: declared && this.#parts.specs.isKept(declared),
      place: declared && { file: declared.file.toString(), line: declared.line, column: 0 },
      problems: this.problemsOf({ tree }),
    }));
    const found = this.#foundSection(filter);
    const all = [...sources.map(({ name }) => name), ...this.#parts.models.all.map(({ name }) => name)];
    const mistakes = filter === '' ? mistakeRows(this.#mistakes(), new Set(all)) : [];
    const shown = sortSources(filterSources(withoutFound(sources, found.sources), filter), sortBy, this.#figures);
    const rows = [
      ...buildRows(shown, this.#figures, {
        languageServers: filterLanguageServers(this.#serverSources(), filter),
        models: filterModels(this.#modelSources(), filter),
      }),
      ...foundRows(found, sources, this.#figures),
    ];
    const external = externalRows(this.#parts.link.external, filter, this.#figures, groupNames());
    // Where there is nothing else, a text says it, with what to do.
    const isBare = rows.length === 0 && mistakes.every(({ label }) => label === 'processes.json');
    return isBare && external.every(({ isClosed }) => isClosed) ? [] : [...mistakes, ...rows, ...external];
  }

  #serverSources(): LanguageServerSource[] {
    const group = vscode.l10n.t('Language servers');
    return this.#parts.languageServers.all.map((server) => {
      const tree = server.tree && this.#parts.link.trees.find(({ id }) => id === server.tree);
      return { ...server, group, snapshot: tree };
    });
  }

  #foundSection(filter: string): FoundSection {
    const setting = readShowFound();
    const sources = setting === 'never' ? [] : this.#parts.found.shown;
    const all = sources.map(({ name, command, source, file, line }) => ({
      ...{ name, source },
      command: [command].flat().join(' '),
      failure: this.#parts.processes.failureOfFound(name),
      place: { file: file.toString(), line, column: 0 },
    }));
    return {
      label: vscode.l10n.t('Found in this workspace'),
      sources: filterFound(all, filter),
      isOpen: setting === 'always' || this.#parts.specs.fileState !== 'declares',
    };
  }

  #mistakes(): MistakeSource[] {
    const several = (vscode.workspace.workspaceFolders?.length ?? 0) > 1;
    return this.#parts.specs.mistakes.map(({ name, message, file, line, column }) => ({
      ...(name !== undefined && { name }),
      message: several ? `${message} (${vscode.workspace.asRelativePath(file)})` : message,
      file: file.toString(),
      line,
      column,
    }));
  }

  /** With its profiles, where it does not start with all others. */
  #descriptionOf(declared: DeclaredProcess): string | undefined {
    const { description, profiles = [] } = declared.spec;
    if (this.#parts.profiles.includes(declared)) return description;
    return [description, vscode.l10n.t('profile {0}', profiles.join(', '))].filter((part) => part !== undefined).join(' · ');
  }

  #mistakeOf(declared: DeclaredProcess): RowSource['mistake'] {
    const mistake = this.#parts.specs.mistakeOf(declared);
    if (!mistake) return undefined;
    const { name, message, file, line, column } = mistake;
    return { message: shortened(message, name), file: file.toString(), line, column };
  }

  #modelSources(): ModelSource[] {
    return this.#parts.models.all.map(({ name, declared, snapshot }) => ({
      name,
      group: declared?.spec.group ?? vscode.l10n.t('Models'),
      description: declared?.spec.description,
      runtime: declared?.spec.runtime ?? '',
      snapshot,
    }));
  }

  problemsOf({ tree }: Pick<Process, 'tree'>): readonly string[] {
    return tree ? this.#parts.health.problemsOf(tree) : [];
  }
}

function groupNames(): GroupNames {
  return {
    terminal: vscode.l10n.t('Terminals'),
    task: vscode.l10n.t('Tasks of VS Code'),
    debug: vscode.l10n.t('Debug Sessions'),
    extension: vscode.l10n.t('Other Extensions'),
  };
}
