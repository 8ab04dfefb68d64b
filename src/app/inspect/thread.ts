/** The thread of 30 November 2021: message-ids by the numbers under which kernel texts cite them (thread.md of the facts). */
export const THREAD: readonly string[] = [
  'BL1PR11MB54295ADE4D7A81523EA50B2D8C679@BL1PR11MB5429.namprd11.prod.outlook.com',
  '3d3296f0-9245-40f9-1b5a-efffdb082de9@redhat.com',
  '8735ndd9hd.ffs@tglx',
  '527c1261-8f21-bcbe-e28e-652a1e37ab14@redhat.com',
  'YaaDZ+84JVoGZhRL@google.com',
  'BN9PR11MB54333C976289C4AA42D7B1AA8C689@BN9PR11MB5433.namprd11.prod.outlook.com',
  'BN9PR11MB54338553E818F452D87D27D88C689@BN9PR11MB5433.namprd11.prod.outlook.com',
  '87bl20aa72.ffs@tglx',
  'BN9PR11MB543302C3841AED15AF52B2A28C6B9@BN9PR11MB5433.namprd11.prod.outlook.com',
];
