/** Shows a page the calls and events of its door by name; everything that passes is a text of JSON. */
import { contextBridge, ipcRenderer, type IpcRendererEvent } from 'electron';
import { bridgeName, ipcChannels, type Answer } from '../shared/bridge.ts';
import { toErrorShape } from '../shared/errors.ts';

/** A door's calls and events by name, as the build read them from shared/api. */
export interface DoorNames {
  readonly calls: readonly string[];
  readonly events: readonly string[];
}

export function expose({ calls: callNames, events: eventNames }: DoorNames): void {
  const calls = Object.fromEntries(callNames.map((name) => [name, (input: unknown) => call(name, input)]));
  // Its type is Bridge<door>: what the page finds is what shared/api lists.
  contextBridge.exposeInMainWorld(bridgeName, { calls, on: listenTo(eventNames) });
}

async function call(name: string, input: unknown): Promise<Answer<unknown>> {
  try {
    const answer: unknown = await ipcRenderer.invoke(ipcChannels.call, name, JSON.stringify(input));
    return JSON.parse(String(answer)) as Answer<unknown>;
  } catch (error) {
    return { error: toErrorShape(error) };
  }
}

function listenTo(eventNames: readonly string[]) {
  return (name: string, listener: (payload: unknown) => void): (() => void) => {
    if (!eventNames.includes(name)) throw new Error('There is no such event here.');
    const hear = (_event: IpcRendererEvent, told: string, text: string): void => {
      if (told === name) listener(JSON.parse(text) as unknown);
    };
    ipcRenderer.on(ipcChannels.event, hear);
    return () => {
      ipcRenderer.off(ipcChannels.event, hear);
    };
  };
}
