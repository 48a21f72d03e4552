/** A question to AWS that a person waits for: unlike a session, nobody asks again by himself. */
import { AppError, errorTable, isAppError } from '../../shared/errors.ts';
import type { Http, HttpRequest, HttpResponse } from '../ports.ts';

/** @throws what the Http port throws; where that says it is tried again by itself, with a remedy that does not. */
export async function askOnce(http: Http, request: HttpRequest): Promise<HttpResponse> {
  try {
    return await http.send(request);
  } catch (error) {
    const isOurs = isAppError(error, 'network-unreachable');
    if (!isOurs || error.remedy !== errorTable['network-unreachable'].remedy) throw error;
    const { code, message } = error;
    throw new AppError(code, {
      message,
      remedy: 'Check the network connection and try again.',
      cause: error,
    });
  }
}
