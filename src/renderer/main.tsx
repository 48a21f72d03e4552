/** The main window: puts the parts together and shows them. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { CSPProvider } from '@base-ui/react/csp-provider';
import { Announcer } from './announcer.ts';
import { App } from './app.tsx';
import { bridgeOf } from './bridge.ts';
import { pageSurroundings } from './page-surroundings.ts';
import { AccountsModel } from './screens/accounts/accounts-model.ts';
import { ServicesContext, type Services } from './services.ts';
import { isSameKind, stateWords } from './state-words.ts';
import { Ticker } from './ticker.ts';
import { pageTimers } from './timers.ts';

const bridge = bridgeOf<'window'>();
const services: Services = {
  bridge,
  timers: pageTimers,
  ticker: new Ticker(pageSurroundings),
  announcer: new Announcer(pageTimers),
  accounts: new AccountsModel(bridge, pageTimers),
};

services.accounts.onChange(({ account, state }, before) => {
  if (isSameKind(state, before.state)) return;
  services.announcer.changed(account.id, account.label, stateWords(state, Date.now()).headline);
});
void services.accounts.load();

const root = document.getElementById('root');
if (root === null) throw new TypeError('The page has no root.');
createRoot(root).render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <ServicesContext value={services}>
        <App />
      </ServicesContext>
    </CSPProvider>
  </StrictMode>,
);
