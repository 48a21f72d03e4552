/** Shows a page the calls and events of its door by name; everything that passes is a text of JSON. */
import { contextBridge, ipcRenderer, type IpcRendererEvent } from 'electron';
import type { Door } from '../shared/api.ts';
import { bridgeName, ipcChannels, type Answer, type Bridge } from '../shared/bridge.ts';
import { toErrorShape } from '../shared/errors.ts';

/** @param callNames and `eventNames`: what the build read from shared/api for this door. */
export function expose<D extends Door>(callNames: readonly string[], eventNames: readonly string[]): void {
  const calls = Object.fromEntries(callNames.map((name) => [name, (input: unknown) => call(name, input)]));
  const bridge = { calls, on: listenTo(eventNames) } as unknown as Bridge<D>;
  contextBridge.exposeInMainWorld(bridgeName, bridge);
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
