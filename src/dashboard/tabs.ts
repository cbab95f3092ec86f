import { type DashboardTab, dashboardTabs } from '../protocol/modelPages.ts';
import { byId } from './element.ts';
import { remember } from './host.ts';

/** The pages of the dashboard. Those of models, and the choice between pages, are there only where there are models. */
export class Tabs {
  readonly #onShow: (tab: DashboardTab) => void;
  readonly #bar = byId('tabs');
  #chosen: DashboardTab;
  #hasModels = false;

  /** `onShow` is told which page is to be seen, also the first one. */
  constructor(chosen: DashboardTab, onShow: (tab: DashboardTab) => void) {
    this.#chosen = chosen;
    this.#onShow = onShow;
    for (const tab of dashboardTabs) byId(`tab-${tab}`).addEventListener('click', () => this.choose(tab));
    this.#bar.addEventListener('keydown', (event) => this.#onKey(event));
    this.#show();
  }

  /** The one that is to be seen. */
  get shown(): DashboardTab {
    return this.#hasModels ? this.#chosen : 'processes';
  }

  choose(tab: DashboardTab): void {
    this.#chosen = tab;
    remember({ tab });
    this.#show();
  }

  setHasModels(hasModels: boolean): void {
    if (hasModels === this.#hasModels) return;
    this.#hasModels = hasModels;
    this.#show();
  }

  #show(): void {
    this.#bar.hidden = !this.#hasModels;
    for (const tab of dashboardTabs) {
      const isShown = tab === this.shown;
      const button = byId(`tab-${tab}`);
      button.setAttribute('aria-selected', String(isShown));
      button.tabIndex = isShown ? 0 : -1;
      byId(`page-${tab}`).hidden = !isShown;
    }
    this.#onShow(this.shown);
  }

  /** As in any row of tabs: arrows go from one to the next (WAI-ARIA, tabs pattern). */
  #onKey(event: KeyboardEvent): void {
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      Home: -dashboardTabs.length,
      End: dashboardTabs.length,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const last = dashboardTabs.length - 1;
    const from = dashboardTabs.indexOf(this.#chosen);
    const moved = Math.abs(step) > 1 ? Math.min(last, Math.max(0, from + step)) : (from + step + last + 1) % (last + 1);
    const next = dashboardTabs[moved];
    if (!next) return;
    this.choose(next);
    byId(`tab-${next}`).focus();
  }
}
