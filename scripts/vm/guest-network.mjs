// The network that a machine sees: nothing but the distribution point, wherever on the host it is served.

/** Behind the address of POINT_URL stands socat, one a connection (QEMU's own forwarding carries one connection ever). Other addresses are refused. */
export const onlyPoint = port =>
  `user,restrict=on,guestfwd=tcp:10.0.2.100:80-cmd:socat - TCP:127.0.0.1:${port}`;

/** QEMU's network for machines that are to reach what the host reaches; the host's loopback is 10.0.2.2. */
export const HOST_NETWORK = 'user';
