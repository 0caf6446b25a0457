using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Libvirtd.Daemon.Interop;
using Microsoft.Win32.SafeHandles;

namespace Libvirtd.Daemon.Hosting;

/// <summary>
/// --daemon. A managed process cannot fork and go on, so the first process starts the program once more and waits. The second one leaves the
/// session; until it serves, its stderr is a pipe to the first, which shows what comes. A zero byte there means that it serves, the pipe's
/// end without one that it failed. It inherits none of the first one's descriptors: whoever started it is not kept waiting for their end.
/// </summary>
internal sealed class BackgroundProcess
{
    /// <summary>Holds the pipe's descriptor in the second process, and is missing in the first.</summary>
    private const string ReadyVariable = "LIBVIRTD_NET_READY_FD";

    private static ReadOnlySpan<byte> ReadySign => [0];

    private bool _released;

    private BackgroundProcess() { }

    /// <summary>This process as the one in the background; null when it is not.</summary>
    public static BackgroundProcess? Enter()
    {
        string? text = Environment.GetEnvironmentVariable(ReadyVariable);
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int descriptor) || descriptor < 3) return null;
        Environment.SetEnvironmentVariable(ReadyVariable, null);
        _ = Libc.dup2(descriptor, 2);
        _ = Libc.close(descriptor);
        // Already a session leader? Then the call fails, and there is nothing to leave.
        _ = Libc.setsid();
        Environment.CurrentDirectory = "/";
        return new BackgroundProcess();
    }

    /// <summary>Starts the program in the background with the same arguments, and waits until it serves or has failed.</summary>
    /// <returns>The exit status for this process.</returns>
    public static int Launch(string[] args)
    {
        (SafeFileHandle read, int write) = OpenPipe();
        using FileStream pipe = new(read, FileAccess.Read, bufferSize: 0);
        using Process child = Start(args, write);
        using StandardStream error = new(2);
        if (Show(pipe, error)) return (int)ExitStatus.Normal;
        // What the runtime itself complained about, before the program could take the pipe.
        child.StandardError.BaseStream.CopyTo(error);
        child.WaitForExit();
        return child.ExitCode == 0 ? (int)ExitStatus.Failure : child.ExitCode;
    }

    /// <summary>Lets the first process end with success, and leaves the standard descriptors to nobody.</summary>
    public void Ready()
    {
        if (_released) return;
        _released = true;
        using (StandardStream pipe = new(2)) pipe.Write(ReadySign);
        using SafeFileHandle nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        for (int standard = 0; standard <= 2; standard++) _ = Libc.dup2((int)nothing.DangerousGetHandle(), standard);
    }

    private static Process Start(string[] args, int write)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Started as "dotnet libvirtd-net.dll", the program is the dll.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        foreach (string arg in args) start.ArgumentList.Add(arg);
        start.Environment[ReadyVariable] = write.ToString(CultureInfo.InvariantCulture);
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception failure)
        {
            throw new DaemonStartException(ExitStatus.Failure, $"Failed to start the background process: {failure.Message}");
        }
        finally
        {
            // Else this process would keep the pipe open itself, and wait for ever.
            _ = Libc.close(write);
        }
    }

    private static bool Show(Stream pipe, StandardStream error)
    {
        byte[] buffer = new byte[4096];
        for (int length; (length = pipe.Read(buffer)) > 0;)
        {
            int ready = buffer.AsSpan(0, length).IndexOf(ReadySign);
            error.Write(buffer.AsSpan(0, ready < 0 ? length : ready));
            if (ready >= 0) return true;
        }
        return false;
    }

    private static unsafe (SafeFileHandle Read, int Write) OpenPipe()
    {
        int* ends = stackalloc int[2];
        if (Libc.pipe2(ends, 0) != 0)
            throw new DaemonStartException(ExitStatus.Failure, $"Failed to make a pipe: {Marshal.GetLastPInvokeErrorMessage()}");
        _ = Libc.SetDescriptorFlags(ends[0], Libc.F_SETFD, Libc.FD_CLOEXEC);
        return (new SafeFileHandle(ends[0], ownsHandle: true), ends[1]);
    }
}
