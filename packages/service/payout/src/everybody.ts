import { idFloor } from '@rivulet/ids'

/** In whose name the installation pays what nobody alone has given: ids of before anybody was there. */
export const everybody = { personId: idFloor('pers', 0), walletAddressId: idFloor('wadr', 0) } as const
