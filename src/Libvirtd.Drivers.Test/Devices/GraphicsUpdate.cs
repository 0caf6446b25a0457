using Libvirtd.Documents;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.DeviceDescription;

namespace Libvirtd.Drivers.Test;

/// <summary>What can be changed of a running guest's display: its password, how long that is valid, and what becomes of who is connected.</summary>
internal static class GraphicsUpdate
{
    private static readonly string[] s_password = ["passwd", "passwdValidTo", "connected"];

    public static Node Change(Node present, Node wanted)
    {
        string type = present["type"]!;
        Node[] own = [.. present.All("listen")];
        Node[] listens = [.. wanted.All("listen")];
        if (own.Length != listens.Length)
            throw Refused($"cannot change the number of listen addresses on '{type}' graphics");
        for (int i = 0; i < own.Length; i++)
        {
            if (own[i]["type"] != listens[i]["type"])
                throw Refused($"cannot change the type of listen address on '{type}' graphics");
            if (own[i]["address"] != listens[i]["address"] || own[i]["network"] != listens[i]["network"])
                throw Refused($"cannot change listen address setting on '{type}' graphics");
            if (own[i]["socket"] != listens[i]["socket"])
                throw Refused($"cannot change listen socket setting on '{type}' graphics");
        }

        if (type is not ("vnc" or "spice"))
            throw VirException.Internal(ErrorDomain.Test, $"unable to change config on '{type}' graphics type");
        bool isAutomatic = wanted["autoport"] == "yes";
        if ((present["autoport"] == "yes") != isAutomatic
            || (!isAutomatic && (present["port"] != wanted["port"] || present["tlsPort"] != wanted["tlsPort"])))
        {
            throw Refused($"cannot change port settings on {type} graphics");
        }

        if (present["keymap"] != wanted["keymap"])
            throw Refused($"cannot change keymap setting on {type} graphics");
        Node next = present.Clone();
        foreach (string name in s_password)
            next[name] = wanted[name];
        return next;
    }

    private static VirException Refused(string detail) => Error(ErrorCode.OperationUnsupported, detail);
}
