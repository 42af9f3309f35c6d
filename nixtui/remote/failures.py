"""The errors of sockets, name servers and asyncssh in plain sentences, each with a next step."""

import errno
import socket
from typing import Final

import asyncssh

from nixtui.remote.destination import Algorithms, Destination
from nixtui.remote.errors import AuthenticationFailed, BadAnswer, RemoteError, Unreachable
from nixtui.remote.identities import Offer
from nixtui.remote.login import Login, Stage
from nixtui.remote.output import said

_SENTENCES: Final = {
    errno.ECONNREFUSED: "{address} refuses connections",
    errno.EHOSTUNREACH: "there is no route to {address}",
    errno.ENETUNREACH: "the network of {address} cannot be reached from here",
    errno.ENETDOWN: "the network is down",
    errno.ETIMEDOUT: "{address} does not answer",
    errno.ECONNRESET: "{address} reset the connection",
    errno.ECONNABORTED: "the connection to {address} was aborted",
    errno.EPIPE: "{address} closed the connection",
    errno.EACCES: "this machine's firewall forbids connections to {address}",
    errno.EPERM: "this machine's firewall forbids connections to {address}",
    errno.EMFILE: "too many files are open here",
    errno.ENFILE: "too many files are open here",
    errno.EADDRNOTAVAIL: "no local port is left for a connection to {address}",
}
_REMEDIES: Final = {
    errno.ECONNREFUSED: "is sshd running there, and is the port right?",
    errno.EHOSTUNREACH: "is the VPN up, and the address right?",
    errno.ENETUNREACH: "is the VPN up?",
    errno.EMFILE: "raise the limit: ulimit -n 4096",
}
_NAMES: Final = {
    socket.EAI_NONAME: (
        "the name {host} was not found",
        "correct the address, or is the VPN with its name server down?",
    ),
    socket.EAI_AGAIN: ("no name server answers for {host}", "is the network up?"),
}


def of_login(destination: Destination, login: Login, offer: Offer, error: Exception) -> RemoteError:
    """Why an attempt to log in failed."""
    name = destination.name
    match error:
        case _ if login.stage is not Stage.AUTHENTICATION and login.proxy_said:
            return Unreachable(
                name, f"ProxyCommand says: {said(login.proxy_said)}", "correct ProxyCommand in ssh_config"
            )
        case asyncssh.PermissionDenied():
            return _denied(destination, login, offer)
        case asyncssh.ChannelOpenError():
            hop = destination.hops[-1].address if destination.hops else "the jump host"
            return Unreachable(name, f"{hop} cannot reach {destination.address}: {said(error.reason)}")
        case asyncssh.KeyExchangeFailed():
            return BadAnswer(
                name,
                f"{destination.address} and nixtui have no algorithms in common: {said(error.reason)}",
                "allow an algorithm with KexAlgorithms, Ciphers, MACs or HostKeyAlgorithms in ssh_config",
            )
        case asyncssh.ConnectionLost() | ConnectionError() if login.stage is not Stage.DIALLING:
            return Unreachable(
                name,
                f"{destination.address} hung up while {login.stage}",
                _hung_up_remedy(login, destination.algorithms),
            )
        case asyncssh.DisconnectError() if login.stage is Stage.AUTHENTICATION:
            return AuthenticationFailed(
                name,
                f"{destination.address} ended the login of {destination.user}: {said(error.reason)}",
                "offer fewer keys: set [ssh] identity_files, or IdentitiesOnly in ssh_config",
            )
        case asyncssh.DisconnectError():
            return BadAnswer(name, f"{destination.address} does not speak SSH as expected: {said(error.reason)}")
        case OSError():
            return of_system(name, destination.host, destination.address, error)
        case _:
            return Unreachable(name, f"cannot log in: {said(str(error))}")


def of_system(name: str, host: str, address: str, error: OSError) -> RemoteError:
    """Why there is no connection to `address`."""
    if isinstance(error, socket.gaierror):
        sentence, remedy = _NAMES.get(
            error.errno or 0, ("the name {host} cannot be looked up: " + str(error.strerror), "")
        )
        return Unreachable(name, sentence.format(host=host), remedy or None)
    sentence = _SENTENCES.get(error.errno or 0, "no connection to {address}: " + (error.strerror or str(error)))
    return Unreachable(name, sentence.format(address=address), _REMEDIES.get(error.errno or 0))


def timed_out(destination: Destination, login: Login, seconds: float) -> RemoteError:
    """The limit passed."""
    remedy = (
        None if login.stage is not Stage.DIALLING else "is the host up, the VPN too, and the port open in the firewall?"
    )
    return Unreachable(
        destination.name, f"{destination.address} timed out after {seconds:g} s while {login.stage}", remedy
    )


def _denied(destination: Destination, login: Login, offer: Offer) -> RemoteError:
    reason = f"{destination.address} lets {destination.user} not in"
    if not offer.was_wanted:
        reason, remedy = f"{reason} by key", "allow PubkeyAuthentication in its sshd_config"
    elif str(offer):
        reason = f"{reason} with {offer}"
        remedy = f"put a public key into the authorized keys of {destination.user} there"
    else:
        reason, remedy = f"{reason}: there is no key to offer", "load a key with ssh-add, or set [ssh] identity_files"
    if login.banner:
        reason += f" (it says: {said(login.banner)})"
    return AuthenticationFailed(destination.name, "; ".join([reason, *map(said, offer.problems)]), remedy)


def _hung_up_remedy(login: Login, asked: Algorithms) -> str | None:
    """A server that finds nothing in common may have hung up before its own list was read here."""
    if login.stage is Stage.KEY_EXCHANGE and asked != Algorithms():
        return "has it one of the algorithms that ssh_config allows (KexAlgorithms, Ciphers, MACs, HostKeyAlgorithms)?"
    if login.stage in (Stage.GREETING, Stage.KEY_EXCHANGE):
        return "is it an SSH port? sshd also hangs up on too many at once (MaxStartups, PerSourcePenalties)"
    return None
