import {
  aText,
  formFields,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  json,
  jsonFields,
  NEVER_STORED,
  type ProxyResult,
  presentUser,
} from '#api';
import { type Accounts, type LoggedIn, ModelyardError } from '#core';

/** `POST /register`, `POST /login` and `POST /login/refresh`. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function authenticateUser(request) {
    if (!deps.accounts) throw new ModelyardError('route_not_found', 'This system has no users with passwords.');
    return ANSWERS[request.route as keyof typeof ANSWERS](deps.accounts, request);
  });

const PASSWORD_RULES = { username: aText, password: aText };

const ANSWERS = {
  async '/register'(accounts: Accounts, request: HttpRequest): Promise<ProxyResult> {
    const { username, password } = jsonFields(request, { what: 'a valid registration', rules: PASSWORD_RULES });
    const user = await accounts.register({ name: String(username), password: String(password) });
    return json(201, presentUser(user), NEVER_STORED);
  },

  async '/login'(accounts: Accounts, request: HttpRequest): Promise<ProxyResult> {
    const { username, password } = formFields(request, { what: 'a valid login', rules: PASSWORD_RULES });
    const { address } = request;
    return presentTokens(await accounts.login({ name: String(username), password: String(password), address }));
  },

  async '/login/refresh'(accounts: Accounts, request: HttpRequest): Promise<ProxyResult> {
    const fields = jsonFields(request, { what: 'a valid refresh', rules: { refresh_token: aText } });
    return presentTokens(await accounts.refresh(String(fields.refresh_token)));
  },
} as const;

/** As OAuth 2.0 answers (RFC 6749). */
const presentTokens = ({ accessToken, refreshToken, expiresInSeconds }: LoggedIn): ProxyResult =>
  json(
    200,
    { access_token: accessToken, token_type: 'bearer', expires_in: expiresInSeconds, refresh_token: refreshToken },
    NEVER_STORED,
  );
