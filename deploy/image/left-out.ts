/** What Debian's packages bring and a gateway never needs: paths in the root file system (`*`, `{a,b}`), in modules' case below the kernel's directory. */
export interface LeftOut {
  readonly why: string;
  readonly paths: readonly string[];
  /** What stays of them. */
  readonly but?: readonly string[];
}

export const leftOut: readonly LeftOut[] = [
  {
    why: 'device trees of other boards: UEFI machines bring their own',
    paths: ['usr/lib/linux-image-*/*'],
    but: ['usr/lib/linux-image-*/broadcom'],
  },
  {
    why: 'radio firmware of chips that no Raspberry Pi has',
    paths: ['usr/lib/firmware/{brcm,cypress}/*'],
    but: ['usr/lib/firmware/{brcm,cypress}/*{43430,43436,43455}*'],
  },
  {
    why: 'and of these, what boards of others need',
    paths: ['usr/lib/firmware/brcm/*.txt'],
    but: ['usr/lib/firmware/brcm/*{raspberrypi,Raspberry Pi}*.txt'],
  },
  { why: 'character sets other than UTF-8', paths: ['usr/lib/*-linux-gnu/gconv'] },
  { why: 'what hwdb.bin is made of', paths: ['usr/lib/udev/hwdb.d'] },
  { why: 'symbols and options of the kernel, for who debugs it', paths: ['boot/System.map-*', 'boot/config-*'] },
  { why: 'texts in other languages, which came before the filter', paths: ['usr/share/locale/*'] },
  { why: "Perl's knowledge of letters of all scripts", paths: ['usr/lib/*-linux-gnu/perl-base/unicore/lib'] },
];

export const modulesLeftOut: readonly LeftOut[] = [
  {
    why: 'it plays and shows nothing',
    paths: ['sound', 'drivers/media', 'drivers/staging', 'drivers/soundwire', 'drivers/firewire'],
  },
  {
    why: 'graphics beyond a console: what firmware has set up, a Pi and virtual machines do',
    paths: ['drivers/gpu/drm/*'],
    but: ['drivers/gpu/drm/{drm*,vc4,display,tiny,virtio,hyperv,scheduler,ttm}'],
  },
  { why: 'sensors are read by Headgate', paths: ['drivers/iio'] },
  { why: 'touching and playing', paths: ['drivers/input/{touchscreen,joystick,tablet,rmi4,gameport,misc}'] },
  {
    why: 'clusters and data centres',
    paths: ['drivers/{infiniband,target,nvdimm,dax,cxl,vfio,vdpa,vhost,memstick,mtd,message}'],
  },
  {
    why: 'disk controllers of servers',
    paths: ['drivers/scsi/*'],
    but: ['drivers/scsi/{scsi_mod,scsi_common,sd_mod,sg,sr_mod,virtio_scsi,hv_storvsc,vmw_pvscsi,xen-scsifront}.ko*'],
  },
  {
    why: "disks that are other machines'",
    paths: ['drivers/block/{aoe,drbd,mtip32xx,rbd*,nbd*,null_blk,xen-blkback,ublk*}'],
  },
  {
    why: 'arrays of disks; verified bundles take device mapper',
    paths: ['drivers/md/*'],
    but: ['drivers/md/{dm-mod,dm-bufio,dm-verity,dm-crypt}.ko*'],
  },
  {
    why: 'network cards of servers and of museums',
    paths: [
      'drivers/net/ethernet/{mellanox,qlogic,chelsio,sfc,hisilicon,netronome,cavium,dec,pensando,huawei,brocade,sun,emulex,cisco,apm,neterion,3com,natsemi,myricom,dlink,packetengines,via,agere,8390,tehuti,sis,alteon,adaptec,silan,rdc,fungible,ti}',
      'drivers/net/{dsa,fddi,hamradio,ieee802154,xen-netback,arcnet,appletalk,plip,can,ipa}',
    ],
  },
  {
    why: 'radios whose firmware is not there either',
    paths: ['drivers/net/wireless/*'],
    but: ['drivers/net/wireless/{broadcom,virtual}'],
  },
  { why: 'Bluetooth and NFC are not spoken', paths: ['drivers/{bluetooth,nfc}', 'net/{bluetooth,nfc}'] },
  {
    why: 'protocols that nobody here speaks',
    paths: [
      'net/{sctp,ceph,tipc,rds,dccp,atm,ax25,netrom,rose,batman-adv,rxrpc,smc,can,openvswitch,phonet,ieee802154,mac802154,6lowpan,appletalk,9p,dsa,mpls,kcm,hsr,nsh,ife,sunrpc,openvswitch}',
    ],
  },
  {
    why: 'file systems that neither its card nor a stick has',
    paths: [
      'fs/{bcachefs,btrfs,xfs,smb,ocfs2,nfs,nfsd,nfs_common,lockd,ceph,gfs2,ubifs,afs,reiserfs,dlm,nilfs2,jfs,jffs2,orangefs,ecryptfs,hpfs,cachefiles,ufs,affs,9p,coda,zonefs,sysv,minix,befs,adfs,qnx4,qnx6,omfs,freevxfs,efs,bfs,romfs,erofs,hfs,hfsplus,quota,netfs,f2fs,nls/{nls_cp9*,nls_euc*,nls_mac*,mac-*}}',
    ],
  },
  {
    why: 'chips of phones and set-top boxes',
    paths: ['drivers/clk/{mediatek,qcom}', 'drivers/soc/{mediatek,qcom}', 'drivers/{slimbus,rpmsg,remoteproc}'],
  },
  {
    why: 'what only these would need',
    paths: [
      'drivers/atm',
      'drivers/net/usb/cdc-phonet*',
      'drivers/hid/{hid-prodikeys,hid-picolcd,hid-rmi}*',
      'drivers/nvme/target',
      'drivers/nvme/host/nvme-rdma*',
      'drivers/ptp/ptp_ocp*',
      'drivers/net/ethernet/intel/ice',
      'drivers/crypto/chelsio',
    ],
  },
  { why: 'being a USB device', paths: ['drivers/usb/{gadget,usbip,isp1760,image}'] },
];
