/** The dialogs of the system, answered by the test: what they say is remembered in the main process. */
import type { RunningApp } from '../support/desktop/app.ts';

export interface ShownDialog {
  readonly message: string;
  readonly detail: string;
  readonly buttons: readonly string[];
  readonly defaultId?: number;
  readonly cancelId?: number;
}

export class SystemDialogs {
  readonly #app: RunningApp;

  private constructor(app: RunningApp) {
    this.#app = app;
  }

  /** From now on no dialog is shown; each is answered as told, and by its `cancelId` where nothing was told. */
  static async over(app: RunningApp): Promise<SystemDialogs> {
    await app.electron.evaluate(({ dialog }) => {
      const shown: object[] = [];
      const answers: string[] = [];
      Reflect.set(globalThis, 'dialogs', { shown, answers });
      Reflect.set(dialog, 'showMessageBox', async (...given: object[]) => {
        const options = given.at(-1) as { buttons: string[]; cancelId?: number };
        const { message, detail, buttons, defaultId, cancelId } = options as Record<string, unknown>;
        shown.push({ message, detail, buttons, defaultId, cancelId });
        const answer = answers.shift();
        const response = answer === undefined ? (options.cancelId ?? 0) : options.buttons.indexOf(answer);
        return { response, checkboxChecked: false };
      });
    });
    return new SystemDialogs(app);
  }

  /** Clicks that button of the next dialog. */
  answer(button: string): Promise<void> {
    return this.#app.electron.evaluate((_, text) => {
      (Reflect.get(globalThis, 'dialogs') as { answers: string[] }).answers.push(text);
    }, button);
  }

  /** All that were to be shown, in order. */
  shown(): Promise<ShownDialog[]> {
    return this.#app.electron.evaluate(
      () => (Reflect.get(globalThis, 'dialogs') as { shown: ShownDialog[] }).shown,
    );
  }
}
