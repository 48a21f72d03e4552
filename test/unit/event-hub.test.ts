import { describe, expect, it } from 'vitest';
import { EventHub } from '../../src/main/event-hub.ts';
import type { EngineEvent } from '../../src/shared/api.ts';

const closed = (id: string): EngineEvent => ({ name: 'promptClosed', payload: { id } });

/** Listens and remembers. */
function ear(): { readonly heard: EngineEvent[]; readonly listen: (event: EngineEvent) => void } {
  const heard: EngineEvent[] = [];
  return { heard, listen: (event) => heard.push(event) };
}

describe('events', () => {
  it('reach everybody who listens, in order', () => {
    const hub = new EventHub();
    const [a, b] = [ear(), ear()];
    hub.subscribe(null, a.listen);
    hub.subscribe('x', b.listen);
    hub.emit(closed('1'));
    hub.emit(closed('2'));
    expect(a.heard).toEqual([closed('1'), closed('2')]);
    expect(b.heard).toEqual(a.heard);
  });

  it('meant for one client reach that client alone, at every ear it has', () => {
    const hub = new EventHub();
    const [x1, x2, y, nobody] = [ear(), ear(), ear(), ear()];
    hub.subscribe('x', x1.listen);
    hub.subscribe('x', x2.listen);
    hub.subscribe('y', y.listen);
    hub.subscribe(null, nobody.listen);
    hub.emitTo('x', closed('1'));
    hub.emitTo('z', closed('2'));
    expect([x1.heard, x2.heard]).toEqual([[closed('1')], [closed('1')]]);
    expect([y.heard, nobody.heard]).toEqual([[], []]);
  });

  it('are not heard any more after the undo, which may be called twice', () => {
    const hub = new EventHub();
    const a = ear();
    const undo = hub.subscribe('x', a.listen);
    undo();
    undo();
    hub.emit(closed('1'));
    hub.emitTo('x', closed('2'));
    expect(a.heard).toEqual([]);
  });

  it('may end or begin somebody’s listening without disturbing others', () => {
    const hub = new EventHub();
    const [late, last] = [ear(), ear()];
    const undo = hub.subscribe('x', () => {
      undo();
      hub.subscribe(null, late.listen);
    });
    hub.subscribe(null, last.listen);
    hub.emit(closed('1'));
    hub.emit(closed('2'));
    expect(last.heard).toEqual([closed('1'), closed('2')]);
    expect(late.heard).toEqual([closed('2')]);
  });
});

describe('a client', () => {
  it('is there while anybody listens under its name', () => {
    const hub = new EventHub();
    expect(hub.hears('x')).toBe(false);
    const first = hub.subscribe('x', ear().listen);
    const second = hub.subscribe('x', ear().listen);
    first();
    expect(hub.hears('x')).toBe(true);
    second();
    expect(hub.hears('x')).toBe(false);
  });

  it('is told to be gone once, when its last ear has gone', () => {
    const hub = new EventHub();
    const gone: string[] = [];
    hub.onGone((client) => gone.push(client));
    const first = hub.subscribe('x', ear().listen);
    const second = hub.subscribe('x', ear().listen);
    hub.subscribe(null, ear().listen)();
    first();
    expect(gone).toEqual([]);
    second();
    second();
    expect(gone).toEqual(['x']);
  });
});
