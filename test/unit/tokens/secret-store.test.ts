import { AppError } from '../../../src/shared/errors.ts';
import { FakeSecretStore } from '../../support/fakes/secret-store.ts';
import { secretStoreContract } from './secret-store-contract.ts';

secretStoreContract('in memory', async () => {
  const store = new FakeSecretStore();
  return {
    store,
    become: async (state) => {
      store.failure =
        state === 'open' ? null : new AppError(state === 'locked' ? 'keyring-locked' : 'keyring-missing');
    },
    dispose: async () => undefined,
  };
});
