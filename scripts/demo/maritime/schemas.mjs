// The three maritime tables as they are created in BigQuery.

/** @typedef {import('../../../tests/harper/support/emulator.mjs').Field} Field */

/** @param {string} name @param {string} type @returns {Field} */
const required = (name, type) => ({ name, type, mode: 'REQUIRED' });
/** @param {string} name @param {string} type @returns {Field} */
const nullable = (name, type) => ({ name, type, mode: 'NULLABLE' });

export const DATASET = 'maritime';

/** @type {Record<'vessel_positions' | 'port_events' | 'vessel_metadata', {fields: Field[], resource: object}>} */
export const TABLES = {
  vessel_positions: {
    fields: [
      required('timestamp', 'TIMESTAMP'),
      required('mmsi', 'STRING'),
      nullable('imo', 'STRING'),
      nullable('vessel_name', 'STRING'),
      nullable('vessel_type', 'STRING'),
      nullable('flag', 'STRING'),
      nullable('length', 'INTEGER'),
      nullable('beam', 'INTEGER'),
      nullable('draft', 'FLOAT'),
      required('latitude', 'FLOAT'),
      required('longitude', 'FLOAT'),
      nullable('speed_knots', 'FLOAT'),
      nullable('course', 'INTEGER'),
      nullable('heading', 'INTEGER'),
      nullable('status', 'STRING'),
      nullable('destination', 'STRING'),
      nullable('eta', 'TIMESTAMP'),
      nullable('report_date', 'STRING'),
    ],
    resource: {
      timePartitioning: { type: 'DAY', field: 'timestamp' },
      clustering: { fields: ['vessel_type', 'mmsi'] },
    },
  },
  port_events: {
    fields: [
      required('event_time', 'TIMESTAMP'),
      required('port_id', 'STRING'),
      nullable('port_name', 'STRING'),
      required('vessel_mmsi', 'STRING'),
      required('event_type', 'STRING'),
      nullable('status', 'STRING'),
      nullable('latitude', 'FLOAT'),
      nullable('longitude', 'FLOAT'),
    ],
    resource: { timePartitioning: { type: 'DAY', field: 'event_time' } },
  },
  vessel_metadata: {
    fields: [
      required('last_updated', 'TIMESTAMP'),
      required('mmsi', 'STRING'),
      nullable('imo', 'STRING'),
      nullable('vessel_name', 'STRING'),
      nullable('vessel_type', 'STRING'),
      nullable('flag', 'STRING'),
      nullable('callsign', 'STRING'),
      nullable('length', 'INTEGER'),
      nullable('beam', 'INTEGER'),
      nullable('draft', 'FLOAT'),
      nullable('gross_tonnage', 'INTEGER'),
      nullable('deadweight', 'INTEGER'),
      nullable('year_built', 'INTEGER'),
      nullable('home_port', 'STRING'),
      nullable('owner', 'STRING'),
      nullable('status', 'STRING'),
    ],
    resource: {},
  },
};
