import { ACTIONS } from './control-state.js';
import { service } from './plugin.js';

/**
 * `/SyncControl`: how the sync stands, and start, stop and validate for the whole cluster. Who may is up to Harper's super users
 * and the section `access`; Harper answers 401 to anonymous callers and 403 to others.
 */
export class SyncControl extends Resource {
  /** @param {HarperUser | undefined} user */
  allowRead(user) {
    return isSuperUser(user) || mayRead(user);
  }

  /** @param {HarperUser | undefined} user */
  allowCreate(user) {
    return isSuperUser(user) || hasRole(user, service().access.control);
  }

  get() {
    return service().status();
  }

  /**
   * A body that cannot be parsed is the caller's mistake; Harper would call it its own.
   *
   * @param {unknown} target
   * @param {unknown} data perhaps a promise
   * @param {unknown} request
   */
  static post(target, data, request) {
    const body = Promise.resolve(data).catch(refuseBody);
    // Whoever may not post is refused without a look at the body: then its failure is nobody's.
    body.catch(() => {});
    return super.post(target, body, request);
  }

  /** @param {{ action?: unknown, repair?: unknown }} request */
  async post(request) {
    const action = ACTIONS.find((known) => known === request?.action);
    if (!action) throw badRequest('action', request?.action, `one of ${ACTIONS.join(', ')}`);
    const { repair } = request;
    if (repair !== undefined && (action !== 'validate' || typeof repair !== 'boolean'))
      throw badRequest('repair', repair, 'true or false, beside the action validate');
    const { validation } = service();
    const { id, ...command } = await service().giveCommand({ action, repair });
    const queuedBehind = action === 'validate' && validation ? { queuedBehind: validation } : {};
    return { accepted: true, ...command, ...queuedBehind };
  }
}

/** `/SyncCheckpoint/`: open to read for the roles of `access`, and for whom Harper's own permissions allow. */
export class SyncCheckpoint extends tables.SyncCheckpoint {
  /** @type {HarperRecord['allowRead']} */
  allowRead(user, target, context) {
    return mayRead(user) || super.allowRead(user, target, context);
  }
}

/** `/SyncAudit/`: as `/SyncCheckpoint/`. */
export class SyncAudit extends tables.SyncAudit {
  /** @type {HarperRecord['allowRead']} */
  allowRead(user, target, context) {
    return mayRead(user) || super.allowRead(user, target, context);
  }
}

/** @param {string} key @param {unknown} found @param {string} expected */
function badRequest(key, found, expected) {
  const message = `${key}: found ${JSON.stringify(found) ?? 'nothing'}, expected ${expected}`;
  return Object.assign(new Error(message), { statusCode: 400 });
}

/** Who may control may look, too. @param {HarperUser | undefined} user */
function mayRead(user) {
  const { read, control } = service().access;
  return hasRole(user, read) || hasRole(user, control);
}

/** @param {HarperUser | undefined} user @param {string[]} roles */
function hasRole(user, roles) {
  return user?.role !== undefined && roles.includes(user.role.role);
}

/** @param {HarperUser | undefined} user */
function isSuperUser(user) {
  return user?.role?.permission?.super_user === true;
}

/** @param {unknown} error @returns {never} */
function refuseBody(error) {
  const message = `The body could not be read: ${error}. Expected JSON with an action, one of ${ACTIONS.join(', ')}`;
  throw Object.assign(new Error(message), { statusCode: 400 });
}
